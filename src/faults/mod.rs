//! Crash, partition, reboot, disk, pressure.
