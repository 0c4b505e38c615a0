//! cut: bytes or fields of each line.

pub(super) fn cut(
    line: &[u8],
    delimiter: u8,
    ranges: &[(usize, usize)],
    is_characters: bool,
    only_delimited: bool,
) -> Option<Vec<u8>> {
    let is_wanted = |index: usize| ranges.iter().any(|(from, to)| (*from..=*to).contains(&(index + 1)));
    if is_characters {
        return Some(line.iter().enumerate().filter(|(index, _)| is_wanted(*index)).map(|(_, byte)| *byte).collect());
    }
    if !line.contains(&delimiter) {
        return (!only_delimited).then(|| line.to_vec());
    }
    let fields: Vec<&[u8]> = line.split(|byte| *byte == delimiter).collect();
    let wanted: Vec<&[u8]> =
        fields.iter().enumerate().filter(|(index, _)| is_wanted(*index)).map(|(_, field)| *field).collect();
    Some(wanted.join(&delimiter))
}

pub(super) fn ranges(text: &str) -> Vec<(usize, usize)> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let to = if to.is_empty() { usize::MAX } else { to.parse().unwrap_or(0) };
        (from.parse().unwrap_or(1), to)
    };
    text.split(',').map(range).collect()
}
