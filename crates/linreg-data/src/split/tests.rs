use super::*;
use proptest::prelude::*;

const SETS: [Set; 3] = [Set::Training, Set::Validation, Set::Test];

proptest! {
    #[test]
    fn every_split_is_a_partition(
        validation in 0.0..0.49f64, test in 0.0..0.5f64, seed: u64, rows in 1u64..300,
        folds in 2u64..10, cut in 0u64..300,
    ) {
        let rows = rows.max(folds);
        for split in [
            Split::None,
            Split::Random { validation, test, seed },
            Split::TimeOrdered { validation, test, num_rows: rows },
            Split::Fold { folds, held_out: seed % folds, seed, num_rows: rows },
        ] {
            split.check().unwrap();
            let cut = cut.min(rows);
            let mut times = vec![0; rows as usize];
            for set in SETS {
                let mut all = split.rows(set, 0, cut as usize);
                all.extend(split.rows(set, cut, (rows - cut) as usize));
                for (times, is_in) in times.iter_mut().zip(all) {
                    *times += usize::from(is_in);
                }
            }
            prop_assert!(times.iter().all(|times| *times == 1));
        }
        let held_out = |row| {
            (0..folds).filter(|held_out| {
                let split = Split::Fold { folds, held_out: *held_out, seed, num_rows: rows };
                split.set(row) == Set::Validation
            }).count()
        };
        prop_assert!((0..rows).all(|row| held_out(row) == 1));
    }
}

#[test]
fn the_shares_are_those_asked_for() {
    // Five standard deviations of a binomial count.
    let rows = 100_000;
    for seed in 0..5 {
        let split = Split::Random {
            validation: 0.2,
            test: 0.1,
            seed,
        };
        for (set, share) in SETS.into_iter().zip([0.7, 0.2, 0.1]) {
            let count = (0..rows).filter(|row| split.set(*row) == set).count() as f64;
            let expected = share * rows as f64;
            let std = (expected * (1.0 - share)).sqrt();
            assert!((count - expected).abs() < 5.0 * std, "{set:?} {count}");
        }
    }
}

#[test]
fn another_seed_is_another_split() {
    let split = |seed| Split::Random {
        validation: 0.5,
        test: 0.0,
        seed,
    };
    let same = (0..1000).filter(|row| split(1).set(*row) == split(2).set(*row));
    assert!((400..600).contains(&same.count()));
}

#[test]
fn a_dataset_is_divided_whole() {
    let targets: Vec<f64> = (0..100).map(f64::from).collect();
    let names = |name: &str| vec![name.to_string()];
    let dataset = Dataset::new(targets.clone(), targets, names("x"), names("y")).unwrap();
    let split = Split::Random {
        validation: 0.3,
        test: 0.0,
        seed: 1,
    };
    let of = |set| dataset.rows_of(&split, set).unwrap();
    let mut all = [of(Set::Training).targets(), of(Set::Validation).targets()].concat();
    all.sort_by(f64::total_cmp);
    assert_eq!(all, dataset.targets());
    let error = dataset.rows_of(&split, Set::Test).unwrap_err();
    assert_eq!(error.to_string(), "there are no rows");
}

#[test]
fn time_goes_on_from_training_to_the_test() {
    let split = Split::TimeOrdered {
        validation: 0.25,
        test: 0.25,
        num_rows: 8,
    };
    let sets: Vec<Set> = (0..8).map(|row| split.set(row)).collect();
    assert!(sets[..4].iter().all(|set| *set == Set::Training));
    assert_eq!(sets[4..6], [Set::Validation; 2]);
    assert_eq!(sets[6..], [Set::Test; 2]);
}

#[test]
fn refuses_shares_that_leave_nothing_to_train_on() {
    for (validation, test, message) in [
        (
            1.0,
            0.0,
            "the validation fraction is 1, expected a number from 0 to below 1",
        ),
        (
            0.0,
            -0.1,
            "the test fraction is -0.1, expected a number from 0 to below 1",
        ),
        (
            0.5,
            0.5,
            "the sum of the fractions held out is 1, expected a number below 1",
        ),
    ] {
        let split = Split::Random {
            validation,
            test,
            seed: 0,
        };
        assert_eq!(split.check().unwrap_err().to_string(), message);
    }
    for (folds, message) in [
        (1, "the number of folds is 1, expected at least 2"),
        (
            21,
            "the number of folds is 21, expected at most 20, the number of rows",
        ),
        (
            u64::MAX,
            "the number of folds is 18446744073709551615, expected at most 20, the number of rows",
        ),
    ] {
        let fold = Split::Fold {
            folds,
            held_out: 0,
            seed: 0,
            num_rows: 20,
        };
        assert_eq!(fold.check().unwrap_err().to_string(), message);
    }
}

#[test]
fn folds_have_the_same_number_of_rows_but_for_one() {
    for num_rows in (1..70).chain([1000, 4097]) {
        for folds in (2..=num_rows).filter(|folds| *folds < 30 || *folds == num_rows) {
            let mut sizes = vec![0u64; folds as usize];
            for row in 0..num_rows {
                sizes[fold(row, folds, num_rows + 7, num_rows) as usize] += 1;
            }
            let least = num_rows / folds;
            let is_even = |size: &u64| (least..=least + 1).contains(size);
            assert!(sizes.iter().all(is_even), "{num_rows} {folds} {sizes:?}");
        }
    }
}

#[test]
fn rows_left_out_are_in_no_set_and_the_others_are_divided_evenly() {
    let left_out: Arc<[u64]> = [0, 3, 4, 9].into();
    let times = |set| {
        let mut sizes = Vec::new();
        let mut all = [0; 10];
        for held_out in 0..3 {
            let split = Split::Fold {
                folds: 3,
                held_out,
                seed: 1,
                num_rows: 6,
            };
            let rows = SplitRows::new(split, left_out.clone());
            // In two chunks.
            let is_in = [rows.rows(set, 0, 4), rows.rows(set, 4, 6)].concat();
            sizes.push(is_in.iter().filter(|is_in| **is_in).count());
            for (times, is_in) in all.iter_mut().zip(is_in) {
                *times += i32::from(is_in);
            }
        }
        (sizes, all)
    };
    let once = [0, 1, 1, 0, 0, 1, 1, 1, 1, 0];
    assert_eq!(times(Set::Validation), (vec![2; 3], once));
    let twice = once.map(|times| 2 * times);
    assert_eq!(times(Set::Training), (vec![4; 3], twice));
}

#[test]
fn every_row_is_as_likely_in_a_fold_as_every_other() {
    // Each of 20 rows is in the first of 4 folds for a quarter of the seeds,
    // within five standard deviations of a binomial count.
    let seeds = 4000;
    for row in 0..20 {
        let count = (0..seeds)
            .filter(|seed| fold(row, 4, *seed, 20) == 0)
            .count() as f64;
        let (expected, std) = (f64::from(seeds as u32) / 4.0, 27.4);
        assert!((count - expected).abs() < 5.0 * std, "{row} {count}");
    }
}

#[test]
fn any_split_and_any_row_numbers_are_sets() {
    let no_rows = Split::Fold {
        folds: 2,
        held_out: 0,
        seed: 0,
        num_rows: 0,
    };
    assert_eq!(no_rows.rows(Set::Validation, u64::MAX, 3), [true; 3]);
    let disordered = SplitRows::new(Split::None, Arc::new([5, 2, 5]));
    let kept = [true, true, false, true, true, false, true];
    assert_eq!(disordered.rows(Set::Training, 0, 7), kept);
    assert_eq!(disordered.rows(Set::Training, 5, 1), [false]);
}
