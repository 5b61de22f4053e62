-- Extra parameters and headers of an app that may be secret: their keys, and all of them sealed in one.
ALTER TABLE app ADD COLUMN secret_keys TEXT NOT NULL DEFAULT '[]';
ALTER TABLE app ADD COLUMN sealed_values BLOB;
-- The keys of values that are as the issuer announced them.
ALTER TABLE app ADD COLUMN discovered TEXT NOT NULL DEFAULT '[]';

-- The values token.NAME went to the exchange and to refreshes alike. Those of refreshes are called refresh.NAME now.
-- (The first use of an app seals both.) A redirect URI that was added in this way has a switch of its own.
UPDATE app SET overrides = (
    SELECT json_group_object(key, value) FROM (
        SELECT key, value FROM json_each(app.overrides)
        UNION ALL
        SELECT 'refresh.' || substr(key, 7), value FROM json_each(app.overrides)
        WHERE key LIKE 'token.%' AND lower(key) <> 'token.redirect_uri'
        UNION ALL
        SELECT 'refresh_redirect_uri', 'true' FROM json_each(app.overrides) WHERE lower(key) = 'token.redirect_uri'
    )
) WHERE EXISTS (SELECT 1 FROM json_each(app.overrides) WHERE key LIKE 'token.%');

-- Endpoints follow the host of the others from now on. Where an app's token endpoint was not moved, what was saved for
-- its host must not go to another: such an app keeps every address as it was.
UPDATE app SET overrides = json_insert(overrides,
    '$.token_url', 'https://api.grigora.co/general/oauth/token')
WHERE provider = 'grigora' AND json_extract(overrides, '$.api_base') IS NOT NULL;
UPDATE app SET overrides = json_insert(overrides,
    '$.authorize_url', 'https://orchestrator.grindery.org/oauth/authorize',
    '$.token_url', 'https://orchestrator.grindery.org/oauth/token',
    '$.api_base', 'https://orchestrator.grindery.org')
WHERE provider = 'grindery' AND json_extract(overrides, '$.token_url') IS NULL
    AND coalesce(json_extract(overrides, '$.authorize_url'), json_extract(overrides, '$.api_base')) IS NOT NULL;
UPDATE app SET overrides = json_insert(overrides,
    '$.authorize_url', 'https://passport.thegrid.io/login/authorize',
    '$.token_url', 'https://passport.thegrid.io/login/authorize/token',
    '$.refresh_url', 'https://passport.thegrid.io/api/auth/token')
WHERE provider = 'thegrid' AND json_extract(overrides, '$.token_url') IS NULL
    AND coalesce(json_extract(overrides, '$.authorize_url'), json_extract(overrides, '$.refresh_url')) IS NOT NULL;
UPDATE app SET overrides = json_insert(overrides,
    '$.authorize_url', 'https://grovestreams.com/Modern/#signinoauth/',
    '$.token_url', 'https://grovestreams.com/api/oauth_access_token',
    '$.login_url', 'https://grovestreams.com/api/oauth_login',
    '$.api_base', 'https://grovestreams.com/api')
WHERE provider = 'grovestreams' AND json_extract(overrides, '$.token_url') IS NULL
    AND coalesce(json_extract(overrides, '$.authorize_url'), json_extract(overrides, '$.login_url'),
        json_extract(overrides, '$.api_base')) IS NOT NULL;
