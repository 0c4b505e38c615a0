//! `get -w`, `get --watch-only` and `events -w`: the list, then one row for each change.
//!
//! A watch lasts until `--request-timeout`, else to the end of the run.
//! Upstream: kubectl cmd/get `GetOptions.watch`, cmd/events `runWatch`.

use crate::cluster::{Change, Cursor};
use crate::engine::SimTime;
use crate::model::kind::Kind;
use crate::model::object::ObjectRef;

use super::super::Call;
use super::super::command_line::CommandLine;
use super::super::errors::Failure;
use super::super::formats::{self, Format};
use super::super::listing::{self, Filter};
use super::super::output::Printed;
use super::super::printers::table::Widths;
use super::super::requests::printed_name;
use super::super::resources::Named;
use super::super::waiting::Pending;
use super::{Outcome, get, information};

/// A watch under way.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    line: CommandLine,
    kind: Kind,
    /// Namespace, `None` for all.
    scope: Option<String>,
    /// The one object that was named.
    name: Option<String>,
    filter: Filter,
    format: Format,
    cursor: Cursor,
    /// Sightings of Events that were printed.
    sightings: usize,
    widths: Widths,
    /// Are the headers still to be printed?
    headers: bool,
    /// Objects printed so far, for the `---` between YAML documents.
    printed: usize,
}

impl Watch {
    /// Might the change be a row?
    pub(crate) fn touches(&self, change: &Change) -> bool {
        self.kind == Kind::EVENT || change.object.kind == self.kind
    }
}

/// When the watch ends: `--request-timeout` after its start.
pub(super) fn deadline(call: &Call<'_>, line: &CommandLine) -> SimTime {
    match line.flags.duration("request-timeout") {
        Some(span) if span != crate::engine::SimDuration::ZERO => call.now + span,
        _ => SimTime::NEVER,
    }
}

/// Begins a watch. `get` prints the list first, unless told `--watch-only`; `events` prints each row for itself.
pub(super) fn start(
    call: &mut Call<'_>,
    line: &CommandLine,
    named: &Named,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    if named.kinds.len() > 1 {
        return Err(Failure::error("you may only specify a single resource type"));
    }
    let kind = named.kinds.first().copied().unwrap_or(Kind::EVENT);
    let everywhere = line.flags.is_on("all-namespaces", false);
    listing::check_scope(line, named)?;
    let namespace = line.namespace(call.context_namespace).to_owned();
    let mut watch = Watch {
        line: line.clone(),
        kind,
        scope: (!everywhere && kind.is_namespaced()).then_some(namespace),
        name: named.objects.first().map(|(_, name)| name.clone()),
        filter: Filter::of_any(call, line, kind)?,
        format: if line.command.path == "events" { Format::Table { wide: false } } else { Format::of(line)? },
        cursor: call.cluster.log.end(),
        sightings: call.cluster.events.sightings().end(),
        widths: Widths::default(),
        headers: !line.flags.is_on("no-headers", false),
        printed: 0,
    };
    if named.objects.len() > 1 {
        // They are printed, and then it turns out that they cannot be watched.
        watch.name = None;
        let namespace = watch.scope.clone().unwrap_or_default();
        for (kind, name) in &named.objects {
            let object = call.find(*kind, &namespace, name)?;
            watch.row(call, object, printed)?;
        }
        return Err(Failure::error("you may only watch a single resource or type of resource at a time"));
    }
    if let Some(name) = &watch.name {
        let namespace = watch.scope.clone().unwrap_or_default();
        call.find(kind, &namespace, name)?;
    }
    if !line.flags.is_on("watch-only", false) {
        let mut objects = watch.existing(call)?;
        if line.command.path == "events" || !matches!(watch.format, Format::Table { .. }) {
            for object in objects {
                watch.row(call, object, printed)?;
            }
        } else if !objects.is_empty() {
            if let Some(path) = super::super::sorting::path_of(line)? {
                // What cannot be sorted stays as it is.
                let _ = super::super::sorting::sort(call.cluster, &path, &mut objects);
            }
            let wide = watch.format == Format::Table { wide: true };
            let table = get::table(call, line, kind, &objects, wide, line.flags.is_on("show-kind", false));
            watch.widths = table.print(watch.headers, &mut printed.out);
            watch.headers = false;
        }
    }
    Ok(Outcome::Wait { deadline: deadline(call, line), pending: Pending::Watch(Box::new(watch)) })
}

/// Prints what has changed since.
pub(crate) fn go_on(
    call: &mut Call<'_>,
    deadline: SimTime,
    mut watch: Box<Watch>,
    printed: &mut Printed,
) -> Result<Outcome, Failure> {
    if watch.kind == Kind::EVENT {
        let fresh: Vec<u32> =
            call.cluster.events.sightings().from(watch.sightings).map(|sighting| sighting.row).collect();
        watch.sightings = call.cluster.events.sightings().end();
        for row in fresh {
            watch.changed(call, ObjectRef::new(Kind::EVENT, row), printed)?;
        }
    } else {
        while let Some(change) = call.cluster.log.next_kept(&mut watch.cursor) {
            if change.object.kind == watch.kind {
                watch.changed(call, change.object, printed)?;
            }
        }
    }
    if call.now >= deadline {
        return Ok(Outcome::Done);
    }
    Ok(Outcome::Wait { deadline, pending: Pending::Watch(watch) })
}

impl Watch {
    fn existing(&self, call: &Call<'_>) -> Result<Vec<ObjectRef>, Failure> {
        let scope = self.scope.as_deref();
        let mut objects = if self.kind == Kind::EVENT {
            listing::events(call, scope, &self.line)?
        } else {
            listing::list(call.cluster, self.kind, scope, &self.filter)
        };
        objects.retain(|object| self.is_meant(call, *object));
        Ok(objects)
    }

    /// By namespace, name, and what `events` filters itself.
    fn is_meant(&self, call: &Call<'_>, object: ObjectRef) -> bool {
        let (namespace, name) = listing::identity(call.cluster, object);
        self.scope.as_ref().is_none_or(|scope| *scope == namespace)
            && self.name.as_ref().is_none_or(|wanted| *wanted == name)
            && (self.line.command.path != "events" || information::is_wanted(call, &self.line, object))
    }

    fn changed(&mut self, call: &Call<'_>, object: ObjectRef, printed: &mut Printed) -> Result<(), Failure> {
        let admitted = if object.kind == Kind::EVENT {
            self.filter.admits_event(call.cluster, object.id)
        } else {
            self.filter.admits(call.cluster, object)
        };
        if admitted && self.is_meant(call, object) { self.row(call, object, printed) } else { Ok(()) }
    }

    fn row(&mut self, call: &Call<'_>, object: ObjectRef, printed: &mut Printed) -> Result<(), Failure> {
        match &self.format {
            Format::Table { wide } => {
                let table = if self.line.command.path == "events" {
                    information::events_table(call, &self.line, &[object])
                } else {
                    let with_kind = self.line.flags.is_on("show-kind", false);
                    get::table(call, &self.line, self.kind, &[object], *wide, with_kind)
                };
                if self.headers {
                    self.widths.grow(&table.headers);
                }
                for row in &table.rows {
                    self.widths.grow(row);
                }
                if std::mem::take(&mut self.headers) {
                    self.widths.print(&table.headers, &mut printed.out);
                }
                for row in &table.rows {
                    self.widths.print(row, &mut printed.out);
                }
            }
            Format::Name => printed.line(printed_name(self.kind, &listing::identity(call.cluster, object).1)),
            format => {
                let view = get::view(call, object);
                if *format == Format::Yaml && self.printed > 0 {
                    printed.line("---");
                }
                self.printed += 1;
                formats::print(format, &view, !std::mem::take(&mut self.headers), &mut printed.out)?;
            }
        }
        Ok(())
    }
}
