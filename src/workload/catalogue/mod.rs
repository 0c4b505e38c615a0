//! Well-known images: what they do when started without a command, which ports they open, how large they are and what
//! they use. Sizes are the compressed sizes of linux/amd64 that their registries state; use is what idle instances show.

mod agnhost;
mod image_programs;
mod images;
mod userlands;
mod users;

pub(super) use agnhost::{agnhost_command, apply_agnhost};
pub use userlands::userland;

use crate::machines::Registry;

/// What an image does with no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Serves these ports until it is stopped.
    Serves(&'static [u16]),
    /// Runs until it is stopped, without ports.
    Runs,
    /// Starts a shell or an interpreter, which ends at once without a terminal.
    Ends,
    /// Prints this and ends.
    Prints(&'static str),
}

/// A well-known image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Repository, short form for Docker Hub.
    pub repository: &'static str,
    /// Compressed size in units of 100 kB.
    pub size: u32,
    /// What it does with no command.
    pub entry: Entry,
    /// Milliseconds from start to serving.
    pub startup: u32,
    /// Exit code after TERM.
    pub on_term: i32,
    /// Thousandths of a core when idle.
    pub cpu_milli: u32,
    /// MiB when idle.
    pub memory: u32,
}

/// The entry of an image reference.
pub fn find(reference: &str) -> Option<&'static Image> {
    let repository = crate::machines::repository_of(reference);
    images::IMAGES
        .iter()
        .find(|image| image.repository == repository)
        .or_else(|| images::IMAGES.iter().find(|image| ends_like(repository, image.repository)))
}

/// A mirror or a bitnami-style copy: the last part of the path is the same, and the entry itself has no path.
fn ends_like(repository: &str, known: &str) -> bool {
    !known.contains('/') && repository.rsplit('/').next() == Some(known)
}

/// Does an image lack a program, for all that is known of it?
pub fn lacks_program(reference: &str, program: &str) -> bool {
    let programs = image_programs::of(crate::machines::repository_of(reference));
    programs.is_some_and(|programs| !programs.contains(&program))
}

/// Are all programs of an image known?
pub fn knows_programs(reference: &str) -> bool {
    image_programs::of(crate::machines::repository_of(reference)).is_some()
}

/// Ports at which the images of the catalogue speak HTTP and nothing else.
const HTTP_PORTS: [u16; 7] = [80, 3000, 5000, 5678, 8080, 9090, 9100];

/// Tells the registry the sizes of all well-known images, and the programs and users of those of which they are known.
pub fn add_sizes(registry: &mut Registry) {
    for image in images::IMAGES {
        registry.set_repository_size(image.repository, u64::from(image.size) * 100_000);
        if let Entry::Serves(ports) = image.entry {
            let http = ports.iter().copied().filter(|port| HTTP_PORTS.contains(port)).collect();
            registry.set_repository_http(image.repository, http);
        }
        if let Some(programs) = image_programs::of(image.repository) {
            registry.set_repository_programs(image.repository, programs);
        }
    }
    for (repository, user) in users::all() {
        registry.set_repository_user(repository, user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_find_their_image_with_and_without_registry_and_tag() {
        for reference in
            ["nginx", "nginx:1.27", "docker.io/library/nginx:1", "docker.io/nginx@sha256:0", "quay.io/x/nginx"]
        {
            assert_eq!(find(reference).map(|image| image.repository), Some("nginx"), "{reference}");
        }
        assert_eq!(find("example.com/mine:1"), None);
    }
}
