//! Made-up accounts, projects and posts, the same at every start.

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

/// The content of Grigora's API.
#[derive(Debug)]
pub(crate) struct SampleData {
    projects: Vec<Project>,
}

impl SampleData {
    /// Sample data whose largest project has `posts` posts. Posts are generated on first use.
    pub(crate) fn new(posts: usize) -> Self {
        Self { projects: projects::seed(posts) }
    }

    /// Never empty.
    #[expect(clippy::unused_self, reason = "accounts are part of the data, though they are constant")]
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
