package dev.telepath.client.workload;

import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import dev.telepath.client.session.Attachment;
import dev.telepath.protocol.v1.Offering;
import dev.telepath.protocol.v1.WorkloadRequest;
import dev.telepath.tunnel.capability.Capability;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * What an agent lends: environment, files and logs. Files and logs come over an outbound stream, through this daemon's
 * own proxy. Blocks.
 */
public final class Share {
    private static final Logger LOG = Logger.getLogger(Share.class);
    private static final int TIMEOUT_MILLIS = (int) Duration.ofSeconds(30).toMillis();
    private static final int MAX_LOG = 64 << 20;

    private final InetSocketAddress proxy;
    private final long maxBytes;

    /**
     * @param proxy where this daemon's proxy listens
     * @param maxBytes most bytes copied at a time
     */
    public Share(InetSocketAddress proxy, long maxBytes) {
        this.proxy = proxy;
        this.maxBytes = maxBytes;
    }

    /** What the agents of a workload offer; empty when the manager or agent has no such thing. */
    public static Optional<Offering> describe(Attachment attachment, String namespace, String workload) {
        var request = WorkloadRequest.newBuilder()
                .setSessionId(attachment.session().getSessionId())
                .setNamespace(namespace)
                .setName(workload)
                .build();
        try {
            return attachment.call(
                    "ask what " + workload + " lends",
                    attachment
                            .capabilities()
                            .call(
                                    Capability.WORKLOAD_OFFERS,
                                    () -> attachment
                                            .workloads()
                                            .describe(request)
                                            .map(Optional::of),
                                    () -> Uni.createFrom().item(Optional.<Offering>empty())));
        } catch (Failure e) {
            if (e.kind() == Kind.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Copies every path that is lent below a folder, read-only.
     *
     * @throws Failure when the agent cannot be reached, or the disk does not take it
     */
    public void copy(Offering.Share share, Path into) {
        for (String path : share.getPathsList()) {
            Path target = into.resolve(path.replaceFirst("^/+", "")).normalize();
            if (!target.startsWith(into)) {
                throw new Failure(Kind.FAILED, "the agent lends a path that leads out of the mount", "");
            }
            try {
                if (!tar(share, path, target)) {
                    file(share, path, target);
                }
            } catch (IOException e) {
                throw new Failure(
                        Kind.FAILED,
                        "cannot copy " + path + " to " + target + ": " + e.getMessage(),
                        "check space and permissions of --mount",
                        e);
            }
        }
    }

    private boolean tar(Offering.Share share, String path, Path target) throws IOException {
        HttpURLConnection answer = get(share, "/tar" + encoded(path), share.getToken());
        if (answer.getResponseCode() != 200) {
            answer.disconnect();
            return false;
        }
        try (InputStream in = answer.getInputStream()) {
            new TarReader(in, maxBytes).extract(target);
        }
        return true;
    }

    private void file(Offering.Share share, String path, Path target) throws IOException {
        HttpURLConnection answer = get(share, "/files" + encoded(path), share.getToken());
        if (answer.getResponseCode() != 200) {
            answer.disconnect();
            throw new IOException("the agent answered " + answer.getResponseCode());
        }
        Path parent = target.getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try (InputStream in = answer.getInputStream();
                var out = Files.newOutputStream(target)) {
            TarReader.copy(in, out, maxBytes);
        }
    }

    /** Removes a folder that {@link #copy} filled. What resists is left, with a warning in the log. */
    public static void remove(Path folder) {
        try (var all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            LOG.warnf("copied files not removed folder=%s cause=\"%s\"", folder, e.getMessage());
        }
    }

    /** Recent log lines of the agent. */
    public byte[] logs(Offering.Share share) throws IOException {
        HttpURLConnection answer = get(share, "/logs", share.getLogToken());
        if (answer.getResponseCode() != 200) {
            throw new IOException("the agent answered " + answer.getResponseCode());
        }
        try (InputStream in = answer.getInputStream()) {
            return in.readNBytes(MAX_LOG);
        }
    }

    private HttpURLConnection get(Offering.Share share, String path, String token) throws IOException {
        var url = URI.create("http://" + host(share) + ":" + share.getPort() + path)
                .toURL();
        var connection = (HttpURLConnection) url.openConnection(new Proxy(Proxy.Type.HTTP, proxy));
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        connection.setRequestProperty("Authorization", "Bearer " + token);
        return connection;
    }

    private static String host(Offering.Share share) throws UnknownHostException {
        String literal =
                InetAddress.getByAddress(share.getAddress().toByteArray()).getHostAddress();
        return literal.contains(":") ? "[" + literal + "]" : literal;
    }

    private static String encoded(String path) {
        return Arrays.stream(path.split("/", -1))
                .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
                .collect(Collectors.joining("/"));
    }
}
