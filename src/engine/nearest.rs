//! "Did you mean …?": the valid name that someone who typed another one most likely meant.

/// The candidate nearest to `name`, if one is near enough to be meant; the first of several equally near ones.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_ascii_lowercase();
    let limit = (folded.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = strsim::damerau_levenshtein(&folded, &candidate.to_ascii_lowercase());
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_different_word_is_not() {
        let names = ["sandbox", "imagePull", "apiWrite"];
        assert_eq!(nearest("sanbdox", names), Some("sandbox"));
        assert_eq!(nearest("imagepull", names), Some("imagePull"));
        assert_eq!(nearest("probe", names), None);
        assert_eq!(nearest("", names), None);
    }
}
