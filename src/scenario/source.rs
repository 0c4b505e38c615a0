//! Reads an input file: plain or gzip, a path or standard input, as UTF-8 text.
//! Knows no YAML. Whatever cannot be read is one diagnostic.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::checks;
use super::diagnostics::Diagnostic;

/// Largest text that is taken (a file, or what a gzip file unpacks to): 1 GiB, so that a decompression bomb ends.
const TEXT_BYTES_MAX: u64 = 1 << 30;

/// How much of a file that is not kept is read at once.
const READ_AHEAD: usize = 1 << 18;

/// A file that has been read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// As it was named; `-` for standard input.
    pub name: String,
    /// Its text, without a byte order mark.
    pub text: Arc<str>,
    /// Where relative paths inside it start.
    pub directory: PathBuf,
}

impl SourceFile {
    /// Reads `path`; `-` is standard input. Names that end in `.gz` are unpacked.
    ///
    /// # Errors
    /// A missing or unreadable file, one that is too large, or text that is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, Box<Diagnostic>> {
        let name = path.display().to_string();
        if path == Path::new("-") {
            let bytes = read_limited(io::stdin().lock(), &name)?;
            return Self::from_bytes(name, &unpacked(bytes, "-")?, PathBuf::new());
        }
        let file = std::fs::File::open(path).map_err(|error| unreadable(&name, &error))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(Diagnostic::new(&checks::UNREADABLE_FILE, format!("`{name}` is a directory"))
                .in_file(name)
                .into());
        }
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        let bytes = unpacked(read_sized(file, length, &name)?, &name)?;
        Self::from_bytes(name, &bytes, path.parent().unwrap_or(Path::new("")).to_path_buf())
    }

    /// Opens `path` for reading bit by bit; `-` is standard input, gzip is known by its magic number.
    ///
    /// # Errors
    /// A missing or unreadable file.
    pub fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
        let mut reader: Box<dyn BufRead> = if path == Path::new("-") {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file = std::fs::File::open(path)?;
            if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                return Err(io::Error::other("it is a directory"));
            }
            Box::new(BufReader::with_capacity(READ_AHEAD, file))
        };
        let is_gzip = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        Ok(if is_gzip { Box::new(BufReader::with_capacity(READ_AHEAD, MultiGzDecoder::new(reader))) } else { reader })
    }

    /// A file from its bytes.
    ///
    /// # Errors
    /// Bytes that are not UTF-8.
    pub fn from_bytes(name: String, bytes: &[u8], directory: PathBuf) -> Result<Self, Box<Diagnostic>> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = before.split(|byte| *byte == b'\n').count();
                let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
                let message = format!("the file is not UTF-8 text: byte {} is invalid", error.valid_up_to());
                return Err(Diagnostic::new(&checks::UNREADABLE_FILE, message).in_file(name).at(line, column).into());
            }
        };
        Ok(Self { name, text: text.strip_prefix('\u{feff}').unwrap_or(text).into(), directory })
    }

    /// The name of a scenario that this file describes without saying its name: the file's stem, or `stdin`.
    pub fn stem(&self) -> String {
        if self.name == "-" {
            return "stdin".to_owned();
        }
        let name =
            Path::new(&self.name).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let stem = [".yaml", ".yml", ".json"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        stem.to_owned()
    }
}

fn read_limited(reader: impl Read, name: &str) -> Result<Vec<u8>, Box<Diagnostic>> {
    read_sized(reader, 0, name)
}

/// Reads what is probably so long.
fn read_sized(reader: impl Read, length: u64, name: &str) -> Result<Vec<u8>, Box<Diagnostic>> {
    // A byte more, so that its end is seen without another allocation.
    let mut bytes = Vec::with_capacity(length.min(TEXT_BYTES_MAX) as usize + 1);
    reader.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > TEXT_BYTES_MAX {
        let message = format!("`{name}` holds more than {} MiB", TEXT_BYTES_MAX >> 20);
        return Err(Diagnostic::new(&checks::UNREADABLE_FILE, message).in_file(name).into());
    }
    Ok(bytes)
}

/// The bytes, unpacked if they are gzip (by their magic number: standard input has no name to go by).
fn unpacked(bytes: Vec<u8>, name: &str) -> Result<Vec<u8>, Box<Diagnostic>> {
    if bytes.starts_with(&[0x1f, 0x8b]) { read_limited(MultiGzDecoder::new(bytes.as_slice()), name) } else { Ok(bytes) }
}

fn unreadable(name: &str, error: &io::Error) -> Box<Diagnostic> {
    let code = if error.kind() == io::ErrorKind::NotFound { &checks::MISSING_FILE } else { &checks::UNREADABLE_FILE };
    Diagnostic::new(code, format!("cannot read `{name}`: {}", plain(error))).in_file(name).into()
}

/// The system's words without its error number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let cut = text.find(" (os error").unwrap_or(text.len());
    text[..cut].to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[test]
    fn invalid_utf8_is_an_error_with_its_line() {
        let error = SourceFile::from_bytes("x".into(), b"a: 1\nb: \xff\n", PathBuf::new()).unwrap_err();
        assert_eq!((error.line, error.column, error.code), (2, 4, checks::UNREADABLE_FILE.id));
    }

    #[test]
    fn gzip_is_known_by_its_magic_number() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(b"kind: Pod\n").unwrap();
        assert_eq!(unpacked(encoder.finish().unwrap(), "-").unwrap(), b"kind: Pod\n");
        assert!(unpacked(vec![0x1f, 0x8b, 0, 0], "x.gz").is_err());
    }

    #[test]
    fn a_stem_drops_the_endings_of_data_files_only() {
        for (name, stem) in [("a/web.yaml", "web"), ("web.v2.json.gz", "web.v2"), ("-", "stdin"), ("pod", "pod")] {
            let file = SourceFile::from_bytes(name.into(), b"", PathBuf::new()).unwrap();
            assert_eq!(file.stem(), stem);
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = SourceFile::read(Path::new("/nonexistent/x.yaml")).unwrap_err();
        assert_eq!(error.code, checks::MISSING_FILE.id);
        assert!(error.message.contains("no such file"), "{}", error.message);
    }
}
