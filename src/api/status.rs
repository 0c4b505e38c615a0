//! What the API server answers when it refuses a request: `metav1.Status`.

use std::fmt;

/// `reason` of a refusal, which fixes its HTTP code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// 400.
    BadRequest,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 409, the name is taken.
    AlreadyExists,
    /// 409, somebody wrote in between.
    Conflict,
    /// 422.
    Invalid,
    /// 429.
    TooManyRequests,
    /// 500.
    InternalError,
}

impl Reason {
    /// `NotFound`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::Invalid => "Invalid",
            Self::TooManyRequests => "TooManyRequests",
            Self::InternalError => "InternalError",
        }
    }

    /// HTTP code.
    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
            Self::InternalError => 500,
        }
    }
}

/// A refusal with the server's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Why.
    pub reason: Reason,
    /// The server's message (`pods "x" not found`).
    pub message: String,
    /// What is invalid, for `Reason::Invalid`.
    pub invalid: Option<Box<Invalid>>,
}

/// `details` of an invalid object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// `Deployment`.
    pub kind: String,
    /// The object's name, may be empty.
    pub name: String,
    /// Each field error as `path: Type: value: detail`.
    pub causes: Vec<String>,
}

impl Status {
    /// A refusal.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), invalid: None }
    }

    /// `pods "x" not found`; `resource` as in `Kind::resource`.
    pub fn not_found(resource: &str, name: &str) -> Self {
        Self::new(Reason::NotFound, format!("{resource} \"{name}\" not found"))
    }

    /// `Deployment.apps "x" is invalid: spec.replicas: …`; `causes` in the order of the rules, none of them twice.
    pub fn invalid(group: &str, kind: &str, name: &str, mut causes: Vec<String>) -> Self {
        let mut seen = Vec::new();
        causes.retain(|cause| {
            !seen.contains(cause) && {
                seen.push(cause.clone());
                true
            }
        });
        let full_kind = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let listed = if causes.len() == 1 { causes[0].clone() } else { format!("[{}]", causes.join(", ")) };
        let message = format!("{full_kind} \"{name}\" is invalid: {listed}");
        let invalid = Invalid { kind: kind.to_owned(), name: name.to_owned(), causes };
        Self { reason: Reason::Invalid, message, invalid: Some(Box::new(invalid)) }
    }

    /// `The Deployment "x" is invalid: …` as kubectl prints an invalid object (several errors one a line); `None` for
    /// other refusals. Upstream: kubectl cmd/util `StandardErrorMessage`.
    pub fn invalid_text(&self) -> Option<String> {
        let Invalid { kind, name, causes } = &**self.invalid.as_ref()?;
        Some(match causes.as_slice() {
            [cause] => format!("The {kind} \"{name}\" is invalid: {cause}"),
            _ => format!("The {kind} \"{name}\" is invalid: \n* {}", causes.join("\n* ")),
        })
    }

    /// `pods "x" already exists`.
    pub fn already_exists(resource: &str, name: &str) -> Self {
        Self::new(Reason::AlreadyExists, format!("{resource} \"{name}\" already exists"))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}
