//! A whole dump at once: what is there from the first instant.

use crate::api::decode::DecodeCache;
use crate::api::dump::Dump;
use crate::api::value::text;
use crate::engine::SimTime;
use crate::model::kind::Kind;

use super::Cluster;

impl Cluster {
    /// Takes over all objects of a dump. Events about objects that it does not hold are left out.
    ///
    /// # Errors
    /// An object with fields of wrong types, by kind and name.
    pub fn import_dump(&mut self, now: SimTime, dump: &Dump) -> Result<(), String> {
        let mut cache = DecodeCache::default();
        for object in &dump.objects {
            let value = object.value();
            if object.kind == Kind::EVENT && !self.knows_subject(&value) {
                continue;
            }
            let name = text(&value["metadata"]["name"]).to_owned();
            self.import(now, value, &mut cache).map_err(|error| format!("{} {name}: {error}", object.kind.name()))?;
        }
        self.align_revisions(now);
        Ok(())
    }

    fn knows_subject(&self, event: &serde_json::Value) -> bool {
        let about = &event["involvedObject"];
        let known = self.object_of_uid(text(&about["uid"]));
        known.is_some_and(|object| self.is_live(object))
    }
}
