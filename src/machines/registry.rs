//! Where images come from: their sizes, how long a pull takes, which do not exist.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::engine::{SimDuration, typed_id};
use crate::model::{Text, image_name};

typed_id!(
    /// An image reference as pods write it.
    ImageId
);

/// An image in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryImage {
    /// Bytes to be moved.
    pub size: u64,
    /// How long a pull takes, if that is stated instead of following from the size.
    pub pull: Option<SimDuration>,
    /// The registry does not have it.
    pub missing: bool,
    /// It is on every node from the start.
    pub preloaded: bool,
}

/// Size of an image that nobody knows: the median of Docker Hub's 100 most pulled ones, compressed.
const UNKNOWN_SIZE: u64 = 60 * 1024 * 1024;

/// The registry, and the names of all images ever mentioned.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Bytes per second of one pull.
    pub bandwidth: u64,
    /// Added to each pull, where a scenario says so (otherwise the delay `pullFixed` applies).
    pub latency: Option<SimDuration>,
    images: Vec<(Text, RegistryImage)>,
    by_name: FxHashMap<Text, ImageId>,
    /// Sizes by repository (without tag), for tags that are not listed.
    by_repository: FxHashMap<Text, u64>,
    /// Programs by repository, where all of an image's are known.
    programs: FxHashMap<Text, FxHashSet<&'static str>>,
    /// Users by repository, where they are known.
    users: FxHashMap<Text, &'static str>,
    /// Hosts that give images only to who has a secret for them.
    pub private: Vec<Text>,
    /// Ports by repository at which images are known to speak HTTP without TLS.
    http: FxHashMap<Text, Vec<u16>>,
    /// Hosts that do not work as they should.
    troubled: BTreeMap<Text, Trouble>,
}

/// What is wrong with a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It does not answer.
    Down,
    /// It sends at most this many bytes per second.
    Slow(u64),
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            bandwidth: 100 * 1024 * 1024,
            latency: None,
            images: Vec::new(),
            by_name: FxHashMap::default(),
            by_repository: FxHashMap::default(),
            programs: FxHashMap::default(),
            users: FxHashMap::default(),
            private: Vec::new(),
            http: FxHashMap::default(),
            troubled: BTreeMap::new(),
        }
    }
}

impl Registry {
    /// States an image by the reference that pods use.
    pub fn set(&mut self, name: &str, image: RegistryImage) {
        let id = self.id(name);
        self.images[id.index()].1 = image;
    }

    /// States the usual size of a repository's images, such as `nginx` or `registry.k8s.io/pause`.
    pub fn set_repository_size(&mut self, repository: &str, size: u64) {
        self.by_repository.insert(normal_repository(repository).into(), size);
    }

    /// States all programs that a repository's images hold.
    pub fn set_repository_programs(&mut self, repository: &str, programs: Vec<&'static str>) {
        self.programs.insert(normal_repository(repository).into(), programs.into_iter().collect());
    }

    /// States the user of a repository's images: a number or a name.
    pub fn set_repository_user(&mut self, repository: &str, user: &'static str) {
        self.users.insert(normal_repository(repository).into(), user);
    }

    /// States the ports at which a repository's images speak HTTP without TLS.
    pub fn set_repository_http(&mut self, repository: &str, ports: Vec<u16>) {
        self.http.insert(normal_repository(repository).into(), ports);
    }

    /// Is an image known to speak HTTP without TLS at a port?
    pub fn speaks_http(&self, image: &str, port: u16) -> bool {
        self.http.get(repository_of(image)).is_some_and(|ports| ports.contains(&port))
    }

    /// Does the registry of this image ask for a secret?
    pub fn is_private(&self, id: ImageId) -> bool {
        !self.private.is_empty() && self.private.iter().any(|host| host == image_name::host(self.name(id)))
    }

    /// The user that an image runs as, where it is known.
    pub fn user(&self, image: &str) -> Option<&'static str> {
        self.users.get(repository_of(image)).copied()
    }

    /// Does an image lack the program that a command names? Only of an image of which all programs are known can that be
    /// said; what is mounted into it is not looked at.
    pub fn lacks_program(&self, image: &str, program: &str) -> bool {
        const FOLDERS: [&str; 6] =
            ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"];
        let Some(programs) = self.programs.get(repository_of(image)) else { return false };
        let name = FOLDERS.iter().find_map(|folder| program.strip_prefix(folder));
        let name = name.or_else(|| program.strip_prefix('/')).unwrap_or(program);
        let is_relative = name.contains('/') && !program.starts_with('/');
        !name.is_empty() && !is_relative && !name.contains('$') && !programs.contains(name)
    }

    /// The id of a reference; an unknown image exists, with the size of its repository or a usual one.
    pub fn id(&mut self, name: &str) -> ImageId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let size = self.by_repository.get(repository_of(name)).copied().unwrap_or(UNKNOWN_SIZE);
        let id = ImageId::from_index(self.images.len());
        self.images.push((name.into(), RegistryImage { size, pull: None, missing: false, preloaded: false }));
        self.by_name.insert(name.into(), id);
        id
    }

    /// The id of a reference that was mentioned before.
    pub fn find(&self, name: &str) -> Option<ImageId> {
        self.by_name.get(name).copied()
    }

    /// An image.
    pub fn image(&self, id: ImageId) -> &RegistryImage {
        &self.images[id.index()].1
    }

    /// An image's reference.
    pub fn name(&self, id: ImageId) -> &str {
        &self.images[id.index()].0
    }

    /// All images that are on every node from the start.
    pub(super) fn preloaded(&self) -> impl Iterator<Item = (ImageId, u64)> + '_ {
        self.images
            .iter()
            .enumerate()
            .filter(|(_, (_, image))| image.preloaded)
            .map(|(at, (_, image))| (ImageId::from_index(at), image.size))
    }

    /// Time that moving the image's bytes takes.
    pub fn transfer(&self, id: ImageId) -> SimDuration {
        let bandwidth = match self.troubled.get(image_name::host(self.name(id))) {
            Some(Trouble::Slow(left)) => self.bandwidth.min(*left),
            _ => self.bandwidth,
        };
        SimDuration::from_secs_f64(self.image(id).size as f64 / bandwidth.max(1) as f64)
    }

    /// Something is wrong with the registry at `host` from now on, or (`None`) nothing any more.
    pub fn set_trouble(&mut self, host: &str, trouble: Option<Trouble>) {
        match trouble {
            Some(trouble) => self.troubled.insert(host.into(), trouble),
            None => self.troubled.remove(host),
        };
    }

    /// Does the registry of this image answer?
    pub fn is_up(&self, id: ImageId) -> bool {
        self.troubled.get(image_name::host(self.name(id))) != Some(&Trouble::Down)
    }

    /// Was any image of this registry ever mentioned?
    pub fn knows_host(&self, host: &str) -> bool {
        self.images.iter().any(|(name, _)| image_name::host(name) == host)
    }
}

/// The repository of a reference, in its short form: without registry where that is Docker Hub, without tag.
pub fn repository_of(reference: &str) -> &str {
    normal_repository(image_name::without_tag(reference))
}

/// Docker Hub's long forms mean the same as the short ones.
fn normal_repository(repository: &str) -> &str {
    let short = repository.strip_prefix("docker.io/").unwrap_or(repository);
    short.strip_prefix("library/").unwrap_or(short)
}
