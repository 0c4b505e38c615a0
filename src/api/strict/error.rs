//! What strict decoding refuses, in the server's words.

use std::fmt;

/// A value that does not decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The server's message.
    Message(String),
}

impl DecodeError {
    /// The complaint about `text` that is not base64, as Go words it.
    pub(super) fn illegal_base64(text: &str) -> Self {
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
        let bytes: Vec<u8> = text.bytes().filter(|byte| *byte != b'\n' && *byte != b'\r').collect();
        let data = bytes.iter().position(|byte| !alphabet(*byte)).unwrap_or(bytes.len());
        // An end inside of four characters is blamed on the first of them; missing padding on the end.
        let bad = match bytes.get(data) {
            None => data - data % 4,
            Some(b'=') if !bytes.len().is_multiple_of(4) => bytes.len(),
            Some(_) => data,
        };
        Self::Message(format!("illegal base64 data at input byte {bad}"))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Message(text) = self;
        f.write_str(text)
    }
}

impl std::error::Error for DecodeError {}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Message(message.to_string())
    }
}
