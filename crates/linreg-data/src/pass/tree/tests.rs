use super::*;
use proptest::prelude::*;

/// The text of a fold from left to right.
fn fold(texts: &[String]) -> String {
    let texts = texts.iter().cloned();
    let folded = texts.reduce(|all, next| format!("({all} {next})"));
    folded.unwrap_or_default()
}

fn join(all: &mut String, later: String) -> Result<(), DataError> {
    *all = format!("({all} {later})");
    Ok(())
}

proptest! {
    #[test]
    fn the_order_of_delivery_makes_no_difference(
        order in (0..60u64).prop_flat_map(|num| Just((0..num).collect::<Vec<u64>>()).prop_shuffle()),
        parts_of_block in 1..5usize,
        blocks_of_group in 1..5usize,
        end in 0..60usize,
    ) {
        let tree = Tree::new(1, Shape {
            parts_of_block: parts_of_block as u64,
            blocks_of_group: blocks_of_group as u64,
        });
        let num_parts = order.len() as u64;
        for (index, part) in order.iter().enumerate() {
            if index == end {
                tree.end(num_parts, join);
            }
            tree.deliver(*part, part.to_string(), join);
        }
        if end >= order.len() {
            tree.end(num_parts, join);
        }
        let parts: Vec<String> = (0..num_parts).map(|part| part.to_string()).collect();
        let blocks: Vec<String> = parts.chunks(parts_of_block).map(fold).collect();
        let groups: Vec<String> = blocks.chunks(blocks_of_group).map(fold).collect();
        prop_assert_eq!(tree.finish().unwrap().unwrap_or_default(), fold(&groups));
    }

    #[test]
    fn an_error_of_a_merge_is_that_of_its_first_part(
        order in Just((0..40u64).collect::<Vec<u64>>()).prop_shuffle(),
        failing in 1..40u64,
    ) {
        let tree = Tree::new(1, Shape { parts_of_block: 3, blocks_of_group: 4 });
        // The state of a node is that of its first part.
        let merge = |all: &mut u64, later: u64| {
            assert!(*all < later);
            if later == failing {Err(DataError::Other(format!("part {later}").into()))} else {Ok(())}
        };
        for part in order {
            if tree.wants(part) {
                tree.deliver(part, part, merge);
            }
        }
        tree.end(40, merge);
        prop_assert!(tree.wants(failing - 1) && !tree.wants(failing));
        prop_assert_eq!(tree.finish().unwrap_err().to_string(), format!("part {failing}"));
    }
}
