/// Whether names may have this character without backticks.
pub fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.'
}

/// The name as a formula has it.
pub fn written(name: &str) -> String {
    let bare = !name.starts_with(char::is_numeric) && name.chars().all(is_of_name);
    if bare && !matches!(name, "" | ".") {
        name.to_string()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}

/// The column that a mistyped name most likely means, if one is near.
pub fn nearest<'a>(name: &str, columns: &'a [String]) -> Option<&'a str> {
    let lowercase = |name: &str| name.to_lowercase().chars().collect::<Vec<char>>();
    let name = lowercase(name);
    let near = columns.iter().filter_map(|column| {
        let letters = lowercase(column);
        let longer = name.len().max(letters.len());
        // Nobody mistypes a longer name, and comparing takes the square of its length.
        if longer > 100 || name.len().abs_diff(letters.len()) > 2 {
            return None;
        }
        let distance = edit_distance(&name, &letters);
        // Two changes make any two-letter name of another.
        (distance <= 2 && 2 * distance <= longer).then_some((distance, column.as_str()))
    });
    near.min_by_key(|&(distance, _)| distance)
        .map(|(_, column)| column)
}

/// How many characters to insert, delete or replace to make one text of the other.
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
