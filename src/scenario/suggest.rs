//! The hint of every "unknown …" error: the nearest valid name, or all of them.

pub use crate::engine::nearest::nearest;

/// "did you mean `x`?", or the list of what is known where nothing is near.
pub fn hint<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(typed, candidates.clone()) {
        return format!("did you mean `{name}`?");
    }
    let known: Vec<&str> = candidates.into_iter().collect();
    match known.len() {
        0 => String::new(),
        length if length > 30 => format!("known are {} and {} more", known[..30].join(", "), length - 30),
        _ => format!("known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_gets_the_name_that_was_meant() {
        assert_eq!(nearest("untill", ["seed", "until", "start"]), Some("until"));
        assert_eq!(nearest("Count", ["name", "count"]), Some("count"));
        assert_eq!(nearest("xyz", ["name", "count"]), None);
    }

    #[test]
    fn where_nothing_is_near_all_names_are_listed() {
        assert_eq!(hint("xyz", ["name", "count"]), "known are name, count");
        assert_eq!(hint("nmae", ["name", "count"]), "did you mean `name`?");
    }
}
