/// Returns the column that a mistyped name most likely means, if one is
/// similar.
pub(crate) fn nearest<'a>(name: &str, columns: &'a [String]) -> Option<&'a str> {
    let lowercase = |name: &str| name.to_lowercase().chars().collect::<Vec<char>>();
    let name = lowercase(name);
    let near = columns.iter().filter_map(|column| {
        let letters = lowercase(column);
        let longer = name.len().max(letters.len());
        // Longer names are not compared, since that takes the square of their
        // length.
        if longer > 100 || name.len().abs_diff(letters.len()) > 2 {
            return None;
        }
        let distance = edit_distance(&name, &letters);
        // Two changes turn any two-letter name into any other.
        (distance <= 2 && 2 * distance <= longer).then_some((distance, column.as_str()))
    });
    near.min_by_key(|&(distance, _)| distance)
        .map(|(_, column)| column)
}

/// Counts the characters to insert, delete or replace to turn one text into the
/// other.
fn edit_distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
