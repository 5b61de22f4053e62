//! The desktop program.

#![cfg_attr(all(not(debug_assertions), windows), windows_subsystem = "windows")]

fn main() {
    grapnel_desktop::run();
}
