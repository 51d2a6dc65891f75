package dev.telepath.client.kubernetes;

import dev.telepath.tunnel.transport.RecordBytes;
import dev.telepath.tunnel.transport.Underlay;
import io.fabric8.kubernetes.client.Config;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * Makes underlays of channels that go through the API server to a port of a pod's loopback, as a kubeconfig's user, with
 * credentials of one moment. Immutable.
 */
final class PodForward {
    private final URI server;
    private final int port;
    private final List<Map.Entry<String, String>> headers;
    private final @Nullable SslContext tls;
    private final String name;
    private final boolean verified;

    /**
     * @param cluster with the credentials to use; may be closed afterwards
     */
    PodForward(Cluster cluster) {
        Config config = cluster.kubeconfig().config();
        server = URI.create(config.getMasterUrl());
        boolean clear = server.getScheme().equals("http");
        port = server.getPort() > 0 ? server.getPort() : clear ? 80 : 443;
        headers = headers(config);
        tls = clear ? null : tls(cluster);
        String told = cluster.kubeconfig().serverName();
        name = told.isEmpty() ? server.getHost() : told;
        verified = !config.isDisableHostnameVerification();
    }

    /**
     * @param pod its name; goes into a path as it is, and the namespace too
     */
    Underlay to(String namespace, String pod, int podPort) {
        String prefix = server.getPath() == null ? "" : server.getPath().replaceAll("/+$", "");
        String path = prefix + "/api/v1/namespaces/" + namespace + "/pods/" + pod + "/portforward?ports=" + podPort;
        return new Underlay(
                InetSocketAddress.createUnresolved(server.getHost(), port), pipeline -> add(pipeline, path));
    }

    private void add(ChannelPipeline pipeline, String path) {
        pipeline.addFirst("api-forward", new PortForward(server.getHost() + ":" + port, path, headers));
        if (tls != null) {
            SslHandler handler = tls.newHandler(pipeline.channel().alloc(), name, port);
            SSLParameters parameters = handler.engine().getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm(verified ? "HTTPS" : "");
            handler.engine().setSSLParameters(parameters);
            RecordBytes.gather(handler);
            pipeline.addFirst("api-tls", new ApiTls(handler));
        }
    }

    private static SslContext tls(Cluster cluster) {
        try {
            var builder =
                    SslContextBuilder.forClient().sslProvider(SslProvider.JDK).trustManager(cluster.trust()[0]);
            if (cluster.keys() != null && cluster.keys().length > 0) {
                builder.keyManager(cluster.keys()[0]);
            }
            return builder.build();
        } catch (SSLException e) {
            throw new IllegalStateException("TLS is not available in this Java runtime", e);
        }
    }

    /** What proves the user, as the client of the questions sent it. */
    private static List<Map.Entry<String, String>> headers(Config config) {
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        String token = config.getOauthTokenProvider() != null
                ? config.getOauthTokenProvider().getToken()
                : config.getOauthToken() != null ? config.getOauthToken() : config.getAutoOAuthToken();
        if (token != null && !token.isEmpty()) {
            headers.add(Map.entry("authorization", "Bearer " + token));
        } else if (config.getUsername() != null && config.getPassword() != null) {
            byte[] pair = (config.getUsername() + ":" + config.getPassword()).getBytes(StandardCharsets.UTF_8);
            headers.add(
                    Map.entry("authorization", "Basic " + Base64.getEncoder().encodeToString(pair)));
        }
        if (config.getImpersonateUsername() != null
                && !config.getImpersonateUsername().isEmpty()) {
            headers.add(Map.entry("impersonate-user", config.getImpersonateUsername()));
            if (config.getImpersonateGroups() != null) {
                for (String group : config.getImpersonateGroups()) {
                    headers.add(Map.entry("impersonate-group", group));
                }
            }
        }
        return headers;
    }
}
