//! The seeded world: people, projects and their posts, the same at every start. None of it is on the providers' pages.

mod details;
mod posts;
mod projects;
mod rng;
mod titles;
mod users;

pub(crate) use posts::{Moment, Post};
pub(crate) use projects::Project;
pub(crate) use rng::Rng;
pub(crate) use titles::{Style, slug};
pub(crate) use users::{USERS, User};

/// All that a provider's API can show.
#[derive(Debug)]
pub(crate) struct SampleData {
    projects: Vec<Project>,
}

impl SampleData {
    /// A world whose largest project has so many posts. Posts are made when first asked for.
    pub(crate) fn new(posts: usize) -> Self {
        Self { projects: projects::seed(posts) }
    }

    /// Never empty.
    #[expect(clippy::unused_self, reason = "people belong to the world, though they are the same in each")]
    pub(crate) fn users(&self) -> &'static [User] {
        &USERS
    }

    pub(crate) fn user(&self, id: &str) -> Option<&'static User> {
        self.users().iter().find(|user| user.id == id)
    }

    pub(crate) fn projects(&self) -> &[Project] {
        &self.projects
    }

    pub(crate) fn project(&self, id: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }
}
