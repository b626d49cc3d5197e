/// A certificate for 127.0.0.1 that vouches for itself for a hundred years; its key is no secret.
enum TestCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmjCCAUGgAwIBAgIUFbsGT8AqhUVSjh7sWA7HluMte9AwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEwNDg0N1oYDzIxMjYxMDI4
        MTA0ODQ3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAASiiROAAfkpJw1bFVWvYclTjKGAjnDV2bYfmNx+IjNV63fkis0Sx+6I
        h3ehtpc2nV4rBqNiH8wEzlpgdlwj4nh2o28wbTAdBgNVHQ4EFgQU0bRwhuMS72Rz
        tkcU1iTg+mKNblcwHwYDVR0jBBgwFoAU0bRwhuMS72RztkcU1iTg+mKNblcwDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
        zj0EAwIDRwAwRAIgRZfhcQLemUoFs85hMehi2coYhkB4aaJ6p+u+RSOWmV8CIERx
        mpwB8YEWs6gclGpiRU8chqm56zVqzyyEijCFvWfe
        -----END CERTIFICATE-----

        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCkAOouIffl9SdwRB
        +U54UyJ9wajyWYjmoLYXkIvui2yhRANCAASiiROAAfkpJw1bFVWvYclTjKGAjnDV
        2bYfmNx+IjNV63fkis0Sx+6Ih3ehtpc2nV4rBqNiH8wEzlpgdlwj4nh2
        -----END PRIVATE KEY-----

        """

    /// The key of no certificate.
    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgS338/NYzrMZG5ot0
        IapapsgOR+ZRqEnTIqT1x/oWYx2hRANCAARoYU0IRpJzH2OpfYi/bv8yq0i/0iXO
        IpuS3rJI+tDpkczpAuPzMvX84GlS5ilM+PsdaQx6KWGZYn5pBOsDITxU
        -----END PRIVATE KEY-----

        """
}
