"""The playground's page: a channel and a broken cluster in a browser, without a build step."""
