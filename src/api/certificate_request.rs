//! Certificate signing requests: whom a request is for. Upstream: crypto/x509 `ParseCertificateRequest`.
//!
//! Only the subject is read; keys and signatures are taken as they are.

use super::convert::base64_decode;

const BEGIN: &str = "-----BEGIN CERTIFICATE REQUEST-----";
const END: &str = "-----END CERTIFICATE REQUEST-----";

/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_ID: u8 = 0x06;

/// The parts of a subject that have names, in the order in which they are described, with their ids (`2.5.4.x`).
const PARTS: [(u8, &str); 9] = [
    (3, "Common Name"),
    (5, "Serial Number"),
    (10, "Organization"),
    (11, "Organizational Unit"),
    (6, "Country"),
    (7, "Locality"),
    (8, "Province"),
    (9, "StreetAddress"),
    (17, "PostalCode"),
];

/// Whom a request is for: each part that has a name, with its values.
pub type Subject = Vec<(&'static str, Vec<String>)>;

/// Reads `spec.request`: base64 of PEM of DER.
///
/// # Errors
/// It is no request, in upstream's words.
pub fn subject(request: &str) -> Result<Subject, String> {
    let bytes = base64_decode(request);
    let text = String::from_utf8_lossy(&bytes);
    let inside = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)).map(|(inside, _)| inside);
    let inside = inside.ok_or("PEM block type must be CERTIFICATE REQUEST")?;
    let der = base64_decode(&inside.split_whitespace().collect::<String>());
    parse(&der).ok_or_else(|| "x509: malformed certificate request".to_owned())
}

/// CertificationRequest ::= { info { version, subject, … }, … }
fn parse(der: &[u8]) -> Option<Subject> {
    let (request, _) = element(der, SEQUENCE)?;
    let (info, _) = element(request, SEQUENCE)?;
    let (_, after_version) = any(info)?;
    let (mut names, _) = element(after_version, SEQUENCE)?;
    let mut subject: Subject = PARTS.iter().map(|(_, name)| (*name, Vec::new())).collect();
    while !names.is_empty() {
        let (mut set, rest) = element(names, SET)?;
        names = rest;
        while !set.is_empty() {
            let (pair, rest) = element(set, SEQUENCE)?;
            set = rest;
            let (id, value) = element(pair, OBJECT_ID)?;
            let ((_, value), _) = any(value)?;
            if let [0x55, 0x04, part] = id
                && let Some(place) = PARTS.iter().position(|(known, _)| known == part)
            {
                subject[place].1.push(String::from_utf8_lossy(value).into_owned());
            }
        }
    }
    Some(subject)
}

/// The content of the element in front, which has this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let ((found, content), rest) = any(bytes)?;
    (found == tag).then_some((content, rest))
}

/// A tag and a content.
type Element<'a> = (u8, &'a [u8]);

/// The element in front, and what follows it.
fn any(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if first & 0x80 == 0 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = rest.get(..count).filter(|_| (1..=4).contains(&count))?;
        let length = digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
        (length, &rest[count..])
    };
    let content = rest.get(..length)?;
    Some(((*tag, content), &rest[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl req -new -subj /CN=jane/O=dev`, cut after the subject.
    const DER: [u8; 41] = [
        0x30, 0x27, 0x30, 0x25, 0x02, 0x01, 0x00, 0x30, 0x20, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04, 0x03,
        0x0c, 0x04, 0x6a, 0x61, 0x6e, 0x65, 0x31, 0x0f, 0x30, 0x0d, 0x06, 0x03, 0x55, 0x04, 0x0a, 0x0c, 0x06, 0x64,
        0x65, 0x76, 0x2d, 0x6f, 0x70,
    ];

    #[test]
    fn a_subject_is_read_from_der() {
        let subject = parse(&DER).expect("it is well-formed");
        assert_eq!(subject[0], ("Common Name", vec!["jane".to_owned()]));
        assert_eq!(subject[2], ("Organization", vec!["dev-op".to_owned()]));
        // No cut of it makes the reader look beyond its end.
        for end in 0..DER.len() {
            assert_eq!(parse(&DER[..end]), None);
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert_eq!(subject("YQ=="), Err("PEM block type must be CERTIFICATE REQUEST".to_owned()));
    }
}
