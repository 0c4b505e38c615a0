//! Objects of manifests that wait for their time. A tree is many times its text, and ten thousand of them are held.

use serde::Deserialize;
use serde_json::Value;

/// An object, as JSON.
pub(super) struct Held(Box<str>);

impl Held {
    pub(super) fn new(object: &Value) -> Self {
        Self(object.to_string().into())
    }

    /// The object itself.
    pub(super) fn object(&self) -> Value {
        let mut json = serde_json::Deserializer::from_str(&self.0);
        // The reader of manifests has bounded it (`api::yaml`), if not as narrowly as serde_json does.
        json.disable_recursion_limit();
        Value::deserialize(&mut json).expect("a JSON value reads back")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn deep_objects_are_held_too() {
        let deep = (0..200).fold(json!(1), |inner, _| json!({ "a": inner }));
        assert_eq!(Held::new(&deep).object(), deep);
    }

    proptest! {
        #[test]
        fn what_is_held_is_what_was_given(number in any::<f64>(), whole in any::<i64>(), text in any::<String>()) {
            let object = json!({ "number": number, "whole": whole, "list": [text.clone()], text: null });
            prop_assert_eq!(Held::new(&object).object(), object);
        }
    }
}
