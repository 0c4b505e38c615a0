//! What k8s.io/api's Go structures look like: names, types and order of their fields, and which fields are pointers.
//! Two rules of the API server follow from nothing else: which empty fields it leaves out when it prints an object, and
//! the text over which the pod template hash is taken. Data only.

pub mod cluster;
pub mod names;
pub mod pod;
pub mod volume;
pub mod workload;

/// A Go structure.
#[derive(Debug)]
pub struct GoStruct {
    /// `v1.Container`.
    pub name: &'static str,
    /// Its fields in declaration order.
    pub fields: &'static [Field],
}

/// A field of a Go structure.
#[derive(Debug)]
pub struct Field {
    /// Its name in Go.
    pub go: &'static str,
    /// Its JSON name; empty for an embedded structure whose fields appear in the outer object.
    pub json: &'static str,
    /// Is it printed even when empty?
    pub required: bool,
    /// Its type as Go prints it.
    pub text: &'static str,
    /// Its type.
    pub kind: GoType,
}

/// The type of a field, as far as printing depends on it.
#[derive(Debug)]
pub enum GoType {
    /// A string or a named string.
    Str,
    /// A boolean.
    Bool,
    /// An integer.
    Int,
    /// A structure by value.
    Struct(&'static GoStruct),
    /// A pointer.
    Pointer(&'static GoType),
    /// A list.
    Slice(&'static GoType),
    /// `map[string]string`.
    Map,
    /// `v1.ResourceList`.
    Resources,
    /// `resource.Quantity`.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// `metav1.Time`.
    Time,
    /// Something that is kept as written.
    Opaque,
}

/// Declares structures: `NAME "v1.Name" [ "GoName" "jsonName" opt "type" T::Kind, … ];`.
macro_rules! go_structs {
    ($($constant:ident $name:literal [$($go:literal $json:literal $required:ident $text:literal $kind:expr,)*];)*) => {
        $(
            #[doc = concat!("`", $name, "`.")]
            pub static $constant: GoStruct = GoStruct {
                name: $name,
                fields: &[$(Field {
                    go: $go,
                    json: $json,
                    required: go_structs!(@ $required),
                    text: $text,
                    kind: $kind,
                }),*],
            };
        )*
    };
    (@ req) => { true };
    (@ opt) => { false };
}
use go_structs;
