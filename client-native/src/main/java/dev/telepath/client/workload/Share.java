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
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
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

    /** A folder for copies of what is lent. */
    public FolderCopy copyTo(Path folder) {
        return new FolderCopy(this, folder);
    }

    /**
     * Copies every path that is lent below a folder, read-only.
     *
     * @throws Failure when the agent cannot be reached, or the disk does not take it
     */
    public void copy(Offering.Share share, Path into) {
        copyTo(into).refresh(share);
    }

    /**
     * Fetches one path.
     *
     * @param name what it is called below the writer's folder
     * @param state what an earlier fetch returned, or empty
     * @return the state it is in, which may be unknown and so empty; nothing when it is in the state given
     */
    Optional<String> fetch(Offering.Share share, String path, String name, String state, FolderWriter writer)
            throws IOException {
        for (String form : List.of("/tar", "/files")) {
            HttpURLConnection answer = get(share, form + encoded(path), share.getToken());
            if (!state.isEmpty()) {
                answer.setRequestProperty("If-None-Match", state);
            }
            int status = answer.getResponseCode();
            String found = Optional.ofNullable(answer.getHeaderField("ETag")).orElse("");
            if (status == HttpURLConnection.HTTP_NOT_MODIFIED) {
                return Optional.empty();
            }
            if (status != HttpURLConnection.HTTP_OK) {
                answer.disconnect();
                if (status != HttpURLConnection.HTTP_NOT_FOUND || form.equals("/files")) {
                    throw new IOException("the agent answered " + status);
                }
                continue;
            }
            try (InputStream in = answer.getInputStream()) {
                if (form.equals("/tar")) {
                    new TarReader(in, maxBytes).extract(writer, name);
                } else {
                    writer.file(name, false, fresh -> {
                        try (var out = Files.newOutputStream(fresh)) {
                            TarReader.copy(in, out, maxBytes);
                        }
                    });
                }
            }
            return Optional.of(found);
        }
        throw new IllegalStateException("the last form returns or fails");
    }

    /**
     * Opens a way to the agent's SFTP server, over an outbound stream.
     *
     * @return a socket that takes packets at once; the caller closes it
     */
    public Socket sftp(Offering.Share share) throws IOException {
        var socket = new Socket(new Proxy(Proxy.Type.SOCKS, proxy));
        try {
            socket.connect(
                    new InetSocketAddress(
                            InetAddress.getByAddress(share.getAddress().toByteArray()), share.getSftpPort()),
                    TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.getOutputStream().write(sftpGreeting(share).getBytes(StandardCharsets.US_ASCII));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** What an SFTP client says before its first packet. Secret. */
    public static String sftpGreeting(Offering.Share share) {
        return "telepath-sftp " + share.getToken() + "\n";
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
