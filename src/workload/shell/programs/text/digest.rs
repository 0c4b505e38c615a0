//! md5sum, sha1sum, sha256sum, sha512sum, also with `-c`, and cksum.

use sha2::Digest as _;

use super::super::Call;
use super::engine::put;

/// A running sum.
#[derive(Clone, Debug)]
pub(super) struct Digest {
    name: String,
    checks: bool,
    data: Vec<u8>,
}

impl Digest {
    pub fn new(name: &str, checks: bool) -> Self {
        Self { name: name.to_owned(), checks, data: Vec::new() }
    }

    pub fn line(&mut self, line: &[u8], is_complete: bool) {
        put(&mut self.data, line, is_complete);
    }

    pub fn end_of_file(&mut self, name: &str, out: &mut Vec<u8>) {
        if !self.checks {
            let data = std::mem::take(&mut self.data);
            let line = if self.name == "cksum" {
                let named = if name == "-" { String::new() } else { format!(" {name}") };
                format!("{} {}{named}\n", cksum(&data), data.len())
            } else {
                format!("{}  {name}\n", self.sum(&data))
            };
            out.extend(line.bytes());
        }
    }

    fn sum(&self, data: &[u8]) -> String {
        let bytes = match self.name.as_str() {
            "md5sum" => md5::Md5::digest(data).to_vec(),
            "sha1sum" => sha1::Sha1::digest(data).to_vec(),
            "sha256sum" => sha2::Sha256::digest(data).to_vec(),
            _ => sha2::Sha512::digest(data).to_vec(),
        };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Checks the files that the lines name.
    pub fn end(&mut self, call: &mut Call<'_, '_>, out: &mut Vec<u8>) -> i32 {
        if !self.checks {
            return 0;
        }
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.data)).into_owned();
        let mut failed = 0;
        for line in text.lines() {
            let Some((sum, name)) = line.split_once("  ").or_else(|| line.split_once(" *")) else { continue };
            let path = call.path(name);
            let is_right = match call.context.read_file(&path) {
                Ok(data) => self.sum(&data) == sum,
                Err(error) => {
                    call.fail(&format!("{name}: {error}"));
                    false
                }
            };
            failed += u32::from(!is_right);
            out.extend(format!("{name}: {}\n", if is_right { "OK" } else { "FAILED" }).bytes());
        }
        if failed > 0 {
            let count = text.lines().count();
            let plural = if failed == 1 { "checksum" } else { "checksums" };
            let busybox = format!("WARNING: {failed} of {count} computed checksums did NOT match");
            call.fail_as(&busybox, &format!("WARNING: {failed} computed {plural} did NOT match"));
        }
        i32::from(failed > 0)
    }
}

/// The sum of POSIX' cksum: a CRC of the bytes and of their number, the lowest byte first, without its leading zeros.
fn cksum(data: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x04c1_1db7;
    let length = data.len().to_le_bytes();
    let digits = length.len() - length.iter().rev().take_while(|byte| **byte == 0).count();
    !data.iter().chain(&length[..digits]).fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { POLYNOMIAL } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_posix() {
        assert_eq!((cksum(b""), cksum(b"abc\n")), (4_294_967_295, 1_112_837_078));
    }
}
