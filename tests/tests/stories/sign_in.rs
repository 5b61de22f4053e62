//! The main story, followed by a search for secrets.

use grapnel_tests::Result;
use grapnel_tests::keyring::Keyring;
use grapnel_tests::scene::Scene;
use grapnel_tests::sign_in;
use grapnel_tests::story::Pictures;

#[tokio::test]
async fn from_an_empty_window_to_posts() -> Result<()> {
    let scene = Scene::set("sign-in", Keyring::Unlocked, Pictures::OfFailure).await?;
    let window = sign_in::sign_in(&scene).await?;
    sign_in::read_posts(&scene, &window.page()).await?;
    sign_in::refresh(&scene, &window.page()).await?;
    sign_in::look_back(&scene).await
}
