package dev.telepath.client.kubernetes;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** The API server that a kubeconfig leads to, as its user. To be closed. */
public final class ApiServer implements AutoCloseable {
    private final Kubeconfig kubeconfig;
    private final KeyManager[] keys;
    private final TrustManager[] trust;
    private final KubernetesClient client;

    ApiServer(Kubeconfig kubeconfig) {
        this.kubeconfig = kubeconfig;
        Config config = kubeconfig.config();
        try {
            this.keys = SSLUtils.keyManagers(config);
            this.trust = trust(config, kubeconfig.serverName());
        } catch (IOException | GeneralSecurityException e) {
            throw new Failure(
                    Kind.DENIED,
                    "the kubeconfig's certificates cannot be used: " + KubeFailures.deepest(e),
                    "does kubectl get pods work?");
        }
        var builder = new KubernetesClientBuilder().withConfig(config);
        if (!kubeconfig.serverName().isEmpty()) {
            // The trust manager checks the name, which is not that of the address.
            config.setDisableHostnameVerification(true);
            builder.withHttpClientBuilderConsumer(http -> http.sslContext(keys, trust));
        }
        this.client = builder.build();
    }

    /**
     * Reads the kubeconfig. Blocks; asks the API server nothing.
     *
     * @param login how long an exec plugin may take
     * @throws Failure of kind USAGE or DENIED when there are no credentials
     */
    public static ApiServer open(KubeOptions options, Duration login) {
        return new ApiServer(Kubeconfig.read(options, login));
    }

    private static TrustManager[] trust(Config config, String serverName) throws IOException, GeneralSecurityException {
        TrustManager[] all = SSLUtils.trustManagers(config);
        if (!serverName.isEmpty() && !config.isTrustCerts() && all[0] instanceof X509TrustManager chain) {
            return new TrustManager[] {new ServerNameTrust(chain, serverName)};
        }
        return all;
    }

    Kubeconfig kubeconfig() {
        return kubeconfig;
    }

    KeyManager[] keys() {
        return keys;
    }

    TrustManager[] trust() {
        return trust;
    }

    /** Name of the context, for people. */
    public String context() {
        return kubeconfig.context();
    }

    public KubernetesClient client() {
        return client;
    }

    @Override
    public void close() {
        client.close();
    }
}
