use linreg_data::{GROUP_ROWS, TableLocation};

use crate::work::Task;

/// The most tasks of a pass: each costs the scheduler about a millisecond.
const MOST_TASKS: u64 = 4096;

/// Divides the rows of a table, all of which have been found, into tasks.
///
/// A task has one group, or several where there would be too many. All groups that
/// begin in one compressed file are one task, since any of its rows is read from the
/// beginning.
pub(crate) fn divide(table: &TableLocation, num_rows: u64) -> Vec<Task> {
    let groups = num_rows.div_ceil(GROUP_ROWS);
    let groups_of_task = groups.div_ceil(MOST_TASKS).max(1);
    let from_start = table.from_start().unwrap_or_default();
    // The index of the compressed file that the first row of a group is in.
    let file_of = |group: u64| {
        let row = group * GROUP_ROWS;
        let after = from_start.partition_point(|file| file.start <= row);
        let file = after.checked_sub(1)?;
        (row < from_start[file].end).then_some(file)
    };
    let mut tasks: Vec<Task> = Vec::new();
    let mut begun = 0;
    for group in 0..groups {
        let next = group + 1;
        let is_of_task = match (file_of(group), file_of(next)) {
            (Some(file), Some(of_next)) if file == of_next => true,
            (None, None) => next - begun < groups_of_task,
            _ => false,
        };
        if next < groups && is_of_task {
            continue;
        }
        let rows = begun * GROUP_ROWS..num_rows.min(next * GROUP_ROWS);
        tasks.push(Task {
            number: tasks.len() as u64,
            table: table.within(rows.clone()),
            rows,
        });
        begun = next;
    }
    tasks
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use linreg_data::{CsvOptions, FileIndex, FileLocation};

    use super::*;

    fn table(files: &[FileIndex]) -> TableLocation {
        let file = |index: &FileIndex| FileLocation {
            name: "t".to_string(),
            path: PathBuf::from("/t"),
            num_bytes: 1,
            modified: None,
            etag: None,
            index: Some(index.clone()),
        };
        TableLocation {
            files: files.iter().map(file).collect(),
            reading: CsvOptions::default(),
            first_row: 0,
        }
    }

    /// The first row of each task, and the row after its last.
    fn rows(files: &[FileIndex]) -> Vec<(u64, u64)> {
        let table = table(files);
        let tasks = divide(&table, table.num_rows().unwrap());
        let ends = |task: Task| (task.rows.start, task.rows.end);
        tasks.into_iter().map(ends).collect()
    }

    const G: u64 = GROUP_ROWS;

    #[test]
    fn a_task_is_a_group_unless_there_are_very_many() {
        let of = |num_rows| rows(&[FileIndex::InFile { num_rows }]);
        assert_eq!(of(0), []);
        assert_eq!(of(1), [(0, 1)]);
        assert_eq!(of(2 * G + 1), [(0, G), (G, 2 * G), (2 * G, 2 * G + 1)]);
        let many = of(3 * MOST_TASKS * G);
        assert_eq!((many.len() as u64, many[1]), (MOST_TASKS, (3 * G, 6 * G)));
    }

    #[test]
    fn the_groups_that_begin_in_a_compressed_file_are_one_task() {
        let compressed = |num_rows| FileIndex::FromStart { num_rows };
        let plain = |num_rows| FileIndex::InFile { num_rows };
        assert_eq!(rows(&[compressed(3 * G)]), [(0, 3 * G)]);
        // The second file begins within the third group.
        let two = [compressed(2 * G + 5), compressed(2 * G)];
        assert_eq!(rows(&two), [(0, 3 * G), (3 * G, 4 * G + 5)]);
        let mixed = [plain(2 * G), compressed(2 * G), plain(G)];
        assert_eq!(
            rows(&mixed),
            [(0, G), (G, 2 * G), (2 * G, 4 * G), (4 * G, 5 * G)]
        );
    }
}
