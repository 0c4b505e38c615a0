//! base64 in both directions.

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// With line ends after `wrap` letters; 0: without any.
pub(super) fn base64_encode(data: &[u8], wrap: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in data.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let letter = BASE64[(bits >> (18 - 6 * index) & 63) as usize];
            out.push(if index <= chunk.len() { letter } else { b'=' });
        }
    }
    if wrap == 0 {
        return out;
    }
    out.chunks(wrap).flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
}

pub(super) fn base64_decode(data: &[u8]) -> Vec<u8> {
    let values: Vec<u32> = data
        .iter()
        .filter_map(|byte| BASE64.iter().position(|letter| letter == byte))
        .map(|value| value as u32)
        .collect();
    let mut out = Vec::new();
    for chunk in values.chunks(4) {
        let bits = chunk.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - chunk.len()));
        out.extend(bits.to_be_bytes()[1..].iter().take(chunk.len() * 6 / 8));
    }
    out
}
