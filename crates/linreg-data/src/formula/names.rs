/// Whether a name without backticks may contain this character.
pub fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.'
}

/// Returns a name as it is written in a formula.
pub fn written(name: &str) -> String {
    let bare = !name.starts_with(char::is_numeric) && name.chars().all(is_of_name);
    if bare && !matches!(name, "" | ".") {
        name.to_string()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}
