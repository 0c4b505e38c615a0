//! Which programs a container's image has: busybox' or GNU's, and which shell `sh` is. Their words differ, and a few of
//! their manners.

use super::code::Dialect;

/// The programs of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Userland {
    /// Everything is busybox, `sh` is its ash. Also what an unknown image is taken for.
    #[default]
    Busybox,
    /// Debian and Ubuntu, and what is built on them: GNU programs, mawk, `sh` is dash.
    Debian,
    /// Red Hat's and its kin: GNU programs, `sh` is bash.
    RedHat,
}

impl Userland {
    /// What `sh` is.
    pub(super) fn sh(self) -> Dialect {
        match self {
            Self::Busybox => Dialect::Ash,
            Self::Debian => Dialect::Dash,
            Self::RedHat => Dialect::Bash,
        }
    }

    /// The files of a fresh image that scripts look at.
    pub(super) fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Busybox => &[("/etc/passwd", BUSYBOX_USERS), ("/etc/group", BUSYBOX_GROUPS)],
            Self::Debian | Self::RedHat => &[("/etc/passwd", GNU_USERS), ("/etc/group", GNU_GROUPS)],
        }
    }

    /// GNU programs?
    pub(super) fn is_gnu(self) -> bool {
        matches!(self, Self::Debian | Self::RedHat)
    }
}

const BUSYBOX_USERS: &str = "root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
";

const BUSYBOX_GROUPS: &str = "root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
mail:x:8:
wheel:x:10:root
www-data:x:33:
nobody:x:65534:
";

const GNU_USERS: &str = "root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
";

const GNU_GROUPS: &str = "root:x:0:
daemon:x:1:
www-data:x:33:
nogroup:x:65534:
";
