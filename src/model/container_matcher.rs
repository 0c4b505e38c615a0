//! Patterns over containers: which ones a scenario speaks of.

use super::labels::Labels;

/// Which containers an entry is about: all that is given must match. `*` is any text, `?` one character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    /// Image as the manifest names it.
    pub image: Option<String>,
    /// Name of the container.
    pub container: Option<String>,
    /// Name of the pod.
    pub pod: Option<String>,
    /// Namespace.
    pub namespace: Option<String>,
    /// Labels of the pod.
    pub labels: Vec<(String, String)>,
}

/// A container, as far as matchers look at it.
#[derive(Clone, Copy, Debug)]
pub struct ContainerFacts<'a> {
    /// Image as the manifest names it.
    pub image: &'a str,
    /// Name of the container.
    pub container: &'a str,
    /// Name of the pod.
    pub pod: &'a str,
    /// Namespace.
    pub namespace: &'a str,
    /// Labels of the pod.
    pub labels: &'a Labels,
}

impl Matcher {
    /// Does all that is given match?
    pub fn matches(&self, of: &ContainerFacts<'_>) -> bool {
        let fits = |pattern: &Option<String>, text: &str| pattern.as_deref().is_none_or(|pattern| glob(pattern, text));
        fits(&self.image, of.image)
            && fits(&self.container, of.container)
            && fits(&self.pod, of.pod)
            && fits(&self.namespace, of.namespace)
            && self.labels.iter().all(|(key, value)| of.labels.get(key).is_some_and(|own| glob(value, own)))
    }
}

/// `*` is any text, also none and also with slashes; `?` is one character.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on after the last star if what follows it does not match.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            p = at + 1;
            t = from + 1;
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_any_text_and_single_characters() {
        for (pattern, text, matches) in
            [("nginx*", "nginx:1", true), ("web-?", "web-10", false), ("a*b*c", "axxbyyc", true), ("", "a", false)]
        {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }
}
