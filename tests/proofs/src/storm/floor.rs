//! The time that a plain client takes for the same number of token requests: with Grapnel's HTTP library and the same
//! concurrency, but without sealing tokens or writing to disk.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use grapnel_sandbox::{ProviderId, SecretKind};
use serde_json::Value;

use super::throughput::{MAX_BACKGROUND_REQUESTS, Pace};
use crate::world::World;

/// The time of each provider's requests, all providers concurrently.
pub(super) async fn run(world: &World, paces: &[Pace], latency: Duration) -> Result<Vec<Duration>> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    let mut bare = Vec::new();
    for pace in paces {
        world.sandbox.set_token_latency(pace.provider, latency);
        bare.push(Bare::new(world, client.clone(), pace)?);
    }
    let began = Instant::now();
    let running: Vec<_> = bare.into_iter().map(|bare| tokio::spawn(bare.run(began))).collect();
    let mut took = Vec::new();
    for one in running {
        took.push(one.await??);
    }
    Ok(took)
}

/// A client of one provider.
struct Bare {
    client: reqwest::Client,
    token_url: String,
    credentials: Vec<(&'static str, &'static str)>,
    /// The valid refresh tokens, and the number of requests left.
    left: Mutex<(VecDeque<String>, usize)>,
}

impl Bare {
    fn new(world: &World, client: reqwest::Client, pace: &Pace) -> Result<Self> {
        let provider = pace.provider;
        let grants = world.sandbox.grants(provider);
        let revealed =
            world.sandbox.revealed().into_iter().filter(|one| one.kind == SecretKind::RefreshToken);
        let good: VecDeque<_> = revealed.map(|one| one.value).filter(|token| grants.is_live(token)).collect();
        ensure!(good.len() > MAX_BACKGROUND_REQUESTS, "{} has no token left to ask with", provider.title());
        let (id, secret) = world.client(provider);
        // Grindery has no client IDs.
        let id = (provider != ProviderId::Grindery).then_some(("client_id", id));
        let credentials = id.into_iter().chain(secret.map(|secret| ("client_secret", secret)));
        let token_url = world.sandbox.registration(provider).addresses.remove("token_url");
        Ok(Self {
            client,
            token_url: token_url.context("no token endpoint")?,
            credentials: credentials.collect(),
            left: Mutex::new((good, pace.requests.all)),
        })
    }

    /// Makes all its requests, and returns when the last response arrived.
    async fn run(self, began: Instant) -> Result<Duration> {
        let [one, two, three] = [(); MAX_BACKGROUND_REQUESTS].map(|()| self.ask_on());
        tokio::try_join!(one, two, three)?;
        Ok(began.elapsed())
    }

    async fn ask_on(&self) -> Result<()> {
        while let Some(token) = self.take() {
            let next = self.ask(&token).await?;
            self.give_back(next.unwrap_or(token));
        }
        Ok(())
    }

    /// Refreshes, and returns the new refresh token, if there is one.
    async fn ask(&self, token: &str) -> Result<Option<String>> {
        let request = self.client.post(&self.token_url).body(self.form(token));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let reply: Value = serde_json::from_slice(&request.send().await?.bytes().await?)?;
        ensure!(reply["access_token"].is_string(), "the bare client was refused: {}", reply["error"]);
        Ok(reply["refresh_token"].as_str().map(str::to_owned))
    }

    fn form(&self, token: &str) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token);
        form.extend_pairs(&self.credentials).finish()
    }

    fn take(&self) -> Option<String> {
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        left.1 = left.1.checked_sub(1)?;
        left.0.pop_front()
    }

    fn give_back(&self, token: String) {
        let mut left = self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        left.0.push_back(token);
    }
}
