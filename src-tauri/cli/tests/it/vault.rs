//! `grapnel vault`, and a vault with a passphrase.

use grapnel_cli::Exit;
use grapnel_model::error::Code;
use insta::assert_snapshot;

use crate::world::World;

const WORDS: &str = "harbour lamp eleven moss\n";

#[tokio::test]
async fn a_passphrase_is_set_changed_and_removed() {
    let world = World::new();
    assert_snapshot!("vault_none", world.run("vault status").await);
    world.connect().await;
    let token = world.run("token acme").await.out;
    assert_snapshot!("vault_keyring", world.run("vault status").await);
    assert_snapshot!("vault_nobody", world.run("vault passphrase").await);
    assert_snapshot!("vault_short", world.pipe("vault passphrase --passphrase-stdin", "short\n").await);
    assert_snapshot!("vault_passphrase", world.pipe("vault passphrase --passphrase-stdin", WORDS).await);

    assert_snapshot!("token_without_passphrase", world.run("token acme").await);
    assert_snapshot!(
        "token_wrong_passphrase",
        world.pipe("token acme --passphrase-stdin", "other words\n").await
    );
    assert_snapshot!("list_without_passphrase", world.run("list").await);
    assert_eq!(world.run("token acme").await.exit, Exit::Keyring);
    assert_eq!(world.pipe("token acme --passphrase-stdin", WORDS).await.out, token);
    assert_eq!(world.pipe("list --json --passphrase-stdin", WORDS).await.json()[0]["state"], "active");

    let both = format!("{WORDS}quiet anchor seven plums\n");
    let changed = world.pipe("vault passphrase --passphrase-stdin", &both).await;
    assert_eq!(changed.exit, Exit::Done, "{changed}");
    assert_eq!(world.pipe("token acme --passphrase-stdin", WORDS).await.exit, Exit::Keyring);
    let back = world.pipe("vault keyring --passphrase-stdin", "quiet anchor seven plums\n").await;
    assert_snapshot!("vault_back", back);
    assert_eq!(world.run("token acme").await.out, token);
    assert_snapshot!("vault_activity", world.run("activity").await);
}

#[tokio::test]
async fn without_a_keyring_the_error_suggests_a_passphrase() {
    let world = World::new();
    world.keyring.fail(Code::KeyringAbsent);
    assert_eq!(world.add_app().await.exit, Exit::Keyring);
    let chosen = world.pipe("vault passphrase --passphrase-stdin", WORDS).await;
    assert_eq!(chosen.exit, Exit::Done, "{chosen}");
    let both = format!("{WORDS}{}", grapnel_sandbox::grigora::CLIENT_SECRET);
    let at = world.sandbox.grigora();
    let line = format!(
        "app add acme --provider grigora --client-id x --client-secret-stdin --passphrase-stdin --set api_base={at}/api"
    );
    let added = world.pipe(&line, &both).await;
    assert_eq!(added.exit, Exit::Done, "{added}");
}

#[tokio::test]
async fn a_vault_that_cannot_be_opened_is_reset_on_request() {
    let world = World::new();
    world.connect().await;
    assert_snapshot!("reset_too_early", world.run("vault reset --yes").await);
    world.keyring.wipe();
    assert_snapshot!("reset_without_a_terminal", world.run("vault reset").await);
    assert_snapshot!("reset", world.run("vault reset --yes").await);
    assert_eq!(world.run("list --json").await.json()[0]["state"], "disconnected");
    // The command name of earlier versions still works; the vault opens now, so there is nothing to reset.
    let old_word = world.run("vault anew --yes").await;
    assert_eq!(old_word.said, world.run("vault reset --yes").await.said);
}
