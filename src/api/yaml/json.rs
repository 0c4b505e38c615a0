//! JSON files: one or more objects after one another.

use serde_json::Value;

use super::{Documents, ReadError, push};

/// Reads all values of `text`.
pub(super) fn read(text: &str, documents: &mut Documents) {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut index = 0;
    loop {
        let start = stream.byte_offset();
        match stream.next() {
            None => return,
            Some(Ok(Value::Null)) => {}
            Some(Ok(value)) => {
                let blank = text[start..].len() - text[start..].trim_start().len();
                let line = line_at(text, start + blank);
                push(&mut documents.manifests, value, (index, line, false));
                index += 1;
            }
            Some(Err(error)) => {
                documents.error = Some(complain(text, &error));
                return;
            }
        }
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].split(|byte| *byte == b'\n').count()
}

/// serde's complaint in Go's words. Go's offset counts the bytes read up to and with the offending one.
fn complain(text: &str, error: &serde_json::Error) -> ReadError {
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let place = (line_start + error.column()).min(text.len());
    let line = error.line();
    if error.is_eof() {
        return ReadError::Json { offset: text.len(), line, message: "unexpected end of JSON input".to_owned() };
    }
    let description = error.to_string();
    let found = text[..place].chars().next_back().unwrap_or(' ');
    let context = if description.contains("key must be a string") || description.contains("trailing comma") {
        "looking for beginning of object key string"
    } else if description.contains("expected `:`") {
        "after object key"
    } else if description.contains("expected `,` or `}`") {
        "after object key:value pair"
    } else if description.contains("expected `,` or `]`") {
        "after array element"
    } else {
        "looking for beginning of value"
    };
    if description.contains("recursion limit") {
        return ReadError::Json { offset: place, line, message: "exceeded max depth".to_owned() };
    }
    ReadError::Json { offset: place, line, message: format!("invalid character '{found}' {context}") }
}
