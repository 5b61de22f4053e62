//! Connections, and [`Grapnel`], the door to everything that can be done with them.

mod browser;
mod elsewhere;
mod first;
mod news;
mod protection;
mod scopes;
mod state;
mod tally;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grapnel_model::activity::{Asker, Entry, Kind};
use grapnel_model::attempt::Attempt;
use grapnel_model::content::{Collection, Items, PostQuery, Posts, Project, Projects};
use grapnel_model::error::{Code, Error, Result};
use grapnel_model::event::Event;
use grapnel_model::id::{AppId, AttemptId, ConnectionId};
use grapnel_model::provider::{Profile, ProfileFile, ProviderView};
use grapnel_model::revocation::Disconnected;
use grapnel_model::secret::SecretString;
use grapnel_model::settings::Settings;
use tokio::sync::{OwnedRwLockWriteGuard, broadcast};

use grapnel_model::connection::{Details, Summary};
pub use tally::Tally;

use crate::app::{self, App, NewApp, Rediscovery, Removed};
use crate::archive::{self, Archive, Export, Exported, Import, Imported};
use crate::authorize;
use crate::authorize::{Started, Wanted};
use crate::clock::{Clock, SystemClock};
use crate::content;
use crate::content::Kept;
use crate::discovery::{self, Discovery};
use crate::doctor::{self, Diagnosis};
use crate::env::Env;
use crate::refresh;
use crate::revoke;
use crate::settings;
use crate::store::connection::ConnectionRow;
use crate::store::standing::Standing;
use crate::store::{self, Store, activity, connection, standing};
use crate::token_agent;
use crate::vault::{Keyring, SystemKeyring};
use state::Now;

/// How long a program that is about to end waits for a browser to take its last page.
const PAGES_TIMEOUT: Duration = Duration::from_millis(700);

/// Everything that Grapnel does, without a window. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Grapnel(Arc<Env>);

/// Nothing goes on that must not be broken off, for as long as this is held.
#[derive(Debug)]
pub struct Idle(#[expect(dead_code, reason = "held, never read")] OwnedRwLockWriteGuard<()>);

impl Grapnel {
    /// Opens the data in `home`, with the machine's keyring and clock. Needs a tokio runtime around it.
    pub fn open(home: &Path) -> Result<Self> {
        Self::with(home, Arc::new(SystemKeyring::default()), Arc::new(SystemClock::default()))
    }

    /// Opens the data in `home` with a keyring and a clock of the caller's choice.
    pub fn with(home: &Path, keyring: Arc<dyn Keyring>, clock: Arc<dyn Clock>) -> Result<Self> {
        let env = Arc::new(Env::new(Store::open(home)?, keyring, clock));
        env.recall_time()?;
        env.http.begin_with(settings::get(&env)?);
        env.enter(|| {
            refresh::settle_cut_off(&env)?;
            authorize::settle(&env)
        })?;
        Ok(Self(env))
    }

    /// What changes from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Tells what other processes write as well, from now on.
    pub fn follow_others(&self) -> Result<()> {
        elsewhere::follow(&self.0)
    }

    /// What is set for all of Grapnel.
    pub fn settings(&self) -> Result<Settings> {
        settings::get(&self.0)
    }

    /// These settings as they would be kept. An error names the setting that cannot be.
    pub fn checked_settings(&self, settings: Settings) -> Result<Settings> {
        settings::checked(settings, &settings::get(&self.0)?)
    }

    /// Changes what is set. An error names the setting that cannot be.
    pub fn change_settings(&self, settings: Settings) -> Result<Settings> {
        settings::change(&self.0, settings)
    }

    /// The providers that come with Grapnel.
    pub fn providers(&self) -> Vec<ProviderView> {
        Profile::built_in().iter().map(Profile::view).collect()
    }

    /// What an issuer announces of itself: values for an app of another provider, and what to know of it.
    pub async fn discover(&self, issuer: &str) -> Result<Discovery> {
        discovery::discover(&self.0, issuer).await
    }

    /// Asks the issuer of an app again what it announces, and says what would change of the app. Changes nothing.
    pub async fn rediscover(&self, id: &AppId) -> Result<Rediscovery> {
        app::rediscover(&self.0, id).await
    }

    /// Every app, by name.
    pub fn apps(&self) -> Result<Vec<App>> {
        app::all(&self.0)
    }

    /// Adds an app.
    pub async fn add_app(&self, new: NewApp) -> Result<App> {
        app::add(&self.0, new).await
    }

    /// Changes an app to what was entered; its provider stays. A client secret that is held must be entered again where
    /// it would go to another host than before.
    pub async fn change_app(&self, id: &AppId, new: NewApp) -> Result<App> {
        app::change(&self.0, id, new).await
    }

    /// How an app's provider is spoken to, to write to a file for others. No secret is in it.
    pub fn profile_of(&self, id: &AppId) -> Result<ProfileFile> {
        app::profile_of(&self.0, id)
    }

    /// Removes an app that has no connection.
    pub fn remove_app(&self, id: &AppId) -> Result<()> {
        app::remove::alone(&self.0, id)
    }

    /// Disconnects every connection of an app, and removes them and the app. The app is kept, and that is an error,
    /// where the provider has yet to revoke a token.
    pub async fn remove_app_with_connections(&self, id: &AppId) -> Result<Removed> {
        app::remove::with_connections(self, &self.0, id).await
    }

    /// Starts a sign-in that goes through the browser.
    pub async fn start_attempt(&self, app: &AppId, wanted: &Wanted) -> Result<Attempt> {
        authorize::start(&self.0, app, wanted).await
    }

    /// Joins the sign-in for the same thing that another program of this data waits for, or starts one.
    pub async fn join_or_start_attempt(&self, app: &AppId, wanted: &Wanted) -> Result<Started> {
        authorize::join_or_start(&self.0, app, wanted).await
    }

    /// Signs in without a browser, where the provider offers it. Email and password are used once and not kept.
    pub async fn sign_in_with_password(
        &self,
        app: &AppId,
        wanted: &Wanted,
        email: &str,
        password: &SecretString,
    ) -> Result<Attempt> {
        let id = authorize::with_password(&self.0, app, wanted, email, password).await?;
        self.attempt(&id)
    }

    /// An attempt, over or not.
    pub fn attempt(&self, id: &AttemptId) -> Result<Attempt> {
        authorize::get(&self.0, id)
    }

    /// The address of an attempt that a browser is to open. It holds the state, so it is a secret.
    pub async fn attempt_link(&self, id: &AttemptId) -> Result<SecretString> {
        authorize::link(&self.0, id).await
    }

    /// Stops waiting for an attempt.
    pub fn cancel_attempt(&self, id: &AttemptId) -> Result<()> {
        authorize::cancel(&self.0, id)
    }

    /// Lets the account that signed in replace the one of the connection that the attempt was meant for. Answers with
    /// that connection.
    pub async fn replace_account(&self, id: &AttemptId) -> Result<ConnectionId> {
        authorize::replace(&self.0, id).await
    }

    /// Attempts that are not over.
    pub fn attempts(&self) -> Result<Vec<Attempt>> {
        authorize::open(&self.0)
    }

    /// Takes in a callback address, whichever way it came home.
    pub async fn receive_callback(&self, address: &SecretString) -> Result<()> {
        authorize::receive(&self.0, address).await
    }

    /// Waits until the browser has the page that tells how its sign-in ended, but not long. A program that is about to
    /// end asks for this.
    pub async fn pages_shown(&self) {
        let _ = tokio::time::timeout(PAGES_TIMEOUT, self.0.pages_shown()).await;
    }

    /// Takes in what a person pasted for an attempt: the address that the provider sent them to.
    pub async fn paste_callback(&self, id: &AttemptId, pasted: &SecretString) -> Result<()> {
        authorize::paste(&self.0, id, pasted).await
    }

    /// Every connection, by name.
    pub fn connections(&self) -> Result<Vec<Summary>> {
        let all = self.0.store.read(standing::all)?;
        Ok(Now::of(&self.0, self.apps()?).summaries(all))
    }

    /// The first connections of each provider by name, at most `many` of each; and whether there are more.
    pub fn first_connections(&self, many: usize) -> Result<(Vec<Summary>, bool)> {
        first::first(&self.0, many)
    }

    /// Those of these connections that are there.
    pub fn summaries(&self, ids: &[ConnectionId]) -> Result<Vec<Summary>> {
        let found = self.0.store.read(|c| ids.iter().map(|id| standing::one(c, id)).collect())?;
        let found: Vec<Option<Standing>> = found;
        Ok(Now::of(&self.0, self.apps()?).summaries(found.into_iter().flatten().collect()))
    }

    /// The connection that the person calls so, in letters of either case.
    pub fn connection_named(&self, name: &str) -> Result<Option<Summary>> {
        let Some(found) = self.0.store.read(|c| standing::named(c, name))? else { return Ok(None) };
        let app = self.0.store.read(|c| store::app::get(c, &found.app_id))?.ok_or_else(Error::no_app)?;
        Ok(Now::of(&self.0, vec![app::view(app)?]).summary(found))
    }

    /// How many connections stand how.
    pub fn tally(&self) -> Result<Tally> {
        tally::count(&self.0)
    }

    /// The connections that need a person who was not told of it yet, by this process or an earlier one. From now on
    /// they were; what mends and breaks again is new.
    pub fn take_news(&self) -> Result<Vec<Summary>> {
        news::take(&self.0)
    }

    /// Everything about a connection.
    pub fn connection(&self, id: &ConnectionId) -> Result<Details> {
        let found = self.0.store.read(|c| connection::with_app(c, id))?;
        let (row, app) = found.ok_or_else(Error::no_connection)?;
        state::details(&self.0, row, app)
    }

    /// Renews a connection's tokens now.
    pub async fn refresh(&self, id: &ConnectionId) -> Result<()> {
        refresh::now(&self.0, id).await?;
        // What it may do can have changed with the tokens. Nobody waits for it, and not to know it loses nothing.
        let (env, id) = (Arc::clone(&self.0), id.clone());
        tokio::spawn(async move {
            if let Err(error) = content::identify(&env, &id).await {
                tracing::info!(%error, "not identified after a renewal");
            }
        });
        Ok(())
    }

    /// A fresh access token, renewed first if it would end within `min_valid`, or soon anyway. Where the provider gives
    /// none that lasts so long, one is good enough that has half of its life before it.
    pub async fn token(&self, id: &ConnectionId, min_valid: Duration) -> Result<SecretString> {
        refresh::fresh(&self.0, id, min_valid).await.map(|fresh| fresh.token)
    }

    /// The access token in place of one that was handed out and is not accepted, whenever it would end: renewed, unless
    /// it is newer than any that was handed out.
    pub async fn token_instead_of_rejected(
        &self,
        id: &ConnectionId,
        min_valid: Duration,
    ) -> Result<SecretString> {
        refresh::instead_of_rejected(&self.0, id, min_valid).await.map(|fresh| fresh.token)
    }

    /// Notes that a person copied the access token.
    pub fn token_copied(&self, id: &ConnectionId) -> Result<()> {
        let text = "Access token copied to the clipboard.";
        self.0.store.write(|tx| activity::add(tx, self.0.now(), Kind::TokenCopied, text, (Some(id), None)))
    }

    /// Notes that a program was given the access token. What asks again and again is one entry an hour.
    pub fn token_handed_out(&self, id: &ConnectionId, asker: &Asker) -> Result<()> {
        let row = self.row(id)?;
        token_agent::note(&self.0, (id, &row.app_id), asker)
    }

    /// Hands tokens that are good to `grapnel token` for as long as it is awaited. Ends with an error
    /// where nothing can listen in the data directory.
    pub async fn serve_tokens(&self) -> Result<()> {
        token_agent::serve(Arc::clone(&self.0)).await
    }

    /// Merges the database's log into it, when the program ends. One that stays is read at the next start.
    pub fn merge_log(&self) {
        if let Err(error) = self.0.store.merge_log() {
            tracing::warn!(%error, "the database's log stays beside it");
        }
    }

    /// Deletes a connection's tokens here, and keeps its history. The provider is asked to take them back, where it
    /// offers that; what it answers changes nothing here.
    pub async fn disconnect(&self, id: &ConnectionId) -> Result<Disconnected> {
        let _busy = self.0.busy().await;
        revoke::disconnect(&self.0, id).await
    }

    /// Keeps every connection alive for as long as it is awaited: renews each before its token expires, and tries
    /// again what failed. Nothing is asked for in between, and nothing costs time. It never ends by itself.
    pub async fn keep_alive(&self) {
        refresh::keep_alive(Arc::clone(&self.0)).await;
    }

    /// Removes a disconnected connection with its history, and everything that was read through it.
    pub async fn forget(&self, id: &ConnectionId) -> Result<()> {
        self.row(id)?;
        let is_free = authorize::clear(&self.0, None, Some(id))?;
        if !is_free || !self.0.store.write(|tx| connection::remove(tx, id))? {
            return Err(Error::new(
                Code::InvalidInput,
                "This connection still holds tokens, or is about to.",
            )
            .means("Nothing was removed.")
            .hint("Disconnect it first."));
        }
        self.0.store.drop_renewal_lock(id);
        self.0.tell(Event::Connection(id.clone()));
        self.0.cache.forget(&id.0).await
    }

    /// Waits until nothing goes on that must not be broken off: a code or a refresh token on its way. Nothing of the
    /// kind begins while the answer is held. New tokens that the store did not take are tried to be written before.
    pub async fn idle(&self) -> Idle {
        refresh::write_unsaved(&self.0).await;
        Idle(self.0.idle().await)
    }

    /// The projects that a connection opens.
    pub async fn projects(&self, id: &ConnectionId) -> Result<Projects> {
        content::projects(&self.0, id).await
    }

    /// Everything about one project.
    pub async fn project(&self, id: &ConnectionId, project_id: &str) -> Result<Project> {
        content::project(&self.0, id, project_id).await
    }

    /// The posts that a query finds.
    pub async fn posts(&self, id: &ConnectionId, query: &PostQuery) -> Result<Posts> {
        content::posts(&self.0, id, query).await
    }

    /// Reads the posts that the provider's own filters leave of a project, and keeps them; how far that is, is told.
    pub async fn load_posts(&self, id: &ConnectionId, query: &PostQuery) -> Result<()> {
        content::load(&self.0, id, query).await
    }

    /// What was read before.
    pub fn kept(&self) -> Kept {
        Kept::of(&self.0)
    }

    /// The kinds of things that a connection opens, where they are not projects.
    pub fn collections(&self, id: &ConnectionId) -> Result<Vec<Collection>> {
        content::collections(&self.0, id)
    }

    /// The things of one kind: all, or those within another thing.
    pub async fn items(&self, id: &ConnectionId, collection: &str, within: Option<&str>) -> Result<Items> {
        content::items(&self.0, id, collection, within).await
    }

    /// Writes apps and connections to a file that a passphrase opens. Waits for renewals that are under way.
    pub async fn export(&self, asked: Export) -> Result<Exported> {
        let env = Arc::clone(&self.0);
        // A task of its own: who gives up must not break off between the file and the end of the tokens here.
        let work = tokio::spawn(async move {
            let _busy = env.busy().await;
            archive::export(&env, asked).await
        });
        work.await.map_err(|_| Error::new(Code::Internal, "The export was broken off."))?
    }

    /// Opens an exported file. Nothing is imported yet.
    pub async fn open_archive(&self, file: &Path, passphrase: &SecretString) -> Result<Archive> {
        archive::open(file.to_owned(), passphrase.clone()).await
    }

    /// Adds what an archive holds to what is here; or only tells what would be added.
    pub async fn import(&self, archive: &Archive, how: Import) -> Result<Imported> {
        archive::import(&self.0, archive, how).await
    }

    /// What happened, newest first: to one connection, or to all; only what contains `search`, if anything is to.
    pub fn activity(&self, of: Option<&ConnectionId>, search: Option<&str>) -> Result<Vec<Entry>> {
        let search = search.map(str::trim).filter(|text| !text.is_empty());
        self.0.store.read(|c| activity::newest(c, of, search))
    }

    /// Looks at everything that has to work, one thing after the other. `program` is the one that is to open deep
    /// links, where the caller knows it.
    pub async fn examine(&self, program: Option<&Path>) -> Diagnosis {
        doctor::examine(self, &self.0, program).await
    }

    fn row(&self, id: &ConnectionId) -> Result<ConnectionRow> {
        self.0.store.read(|c| connection::get(c, id))?.ok_or_else(Error::no_connection)
    }
}
