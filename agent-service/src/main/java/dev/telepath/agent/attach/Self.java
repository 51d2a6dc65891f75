package dev.telepath.agent.attach;

import com.google.protobuf.ByteString;
import dev.telepath.agent.engage.Workload;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ReviewInterceptRequest;
import dev.telepath.protocol.v1.Offering;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the agent tells a manager of itself.
 *
 * @param pod where it runs
 * @param version of this program
 * @param apiPort of the agent service, 0 when it is off
 * @param share empty when nothing is lent
 */
public record Self(Workload workload, Pod pod, String version, int apiPort, Optional<Share> share) {
    /**
     * The place of the agent.
     *
     * @param uid of the pod, or what {@link PlaceId} says in its place; may be empty
     * @param kind of the workload
     */
    public record Pod(String name, String uid, String kind) {}

    /**
     * Where files and logs are served.
     *
     * @param sftp empty when files are not served so
     * @param token secret
     * @param logToken secret, good for the log alone
     */
    public record Share(int port, Optional<Sftp> sftp, String token, String logToken, Lending lending) {
        /** Ports that only loopback serves. */
        Set<Integer> loopbackPorts() {
            return sftp.map(files -> Set.of(port, files.port())).orElseGet(() -> Set.of(port));
        }

        /** Never the token. */
        @Override
        public String toString() {
            return "Share[" + port + " " + lending + "]";
        }
    }

    /**
     * Which paths are lent.
     *
     * @param paths all of them
     * @param writable those of them where clients may change something
     * @param local others, that clients are to have of their own
     */
    public record Lending(List<String> paths, List<String> writable, List<String> local) {}

    /**
     * Where the lent files are served by SFTP.
     *
     * @param open whether clients need no token, so that those of Telepresence are told of it
     */
    public record Sftp(int port, boolean open) {}

    /** Where its tree begins. */
    private static final String MOUNT_POINT = "/";
    /** Policies of mounts as Telepresence numbers them; 3 would be one that a client does not look at. */
    private static final int REMOTE = 0;

    private static final int REMOTE_READ_ONLY = 1;
    private static final int LOCAL = 2;

    /** What the product is called to peers. */
    static final String PRODUCT = "telepath";

    AgentInfo info(InetAddress address) {
        var container = AgentInfo.ContainerInfo.newBuilder().putAllEnvironment(workload.environment());
        openSftp().ifPresent(files -> container.setMountPoint(MOUNT_POINT).putAllMounts(mounts()));
        return AgentInfo.newBuilder()
                .setName(workload.name())
                .setNamespace(workload.namespace())
                .setPodIp(address.getHostAddress())
                .setPodName(pod.name())
                .setPodUid(pod.uid())
                .setProduct(PRODUCT)
                .setVersion(version)
                .setKind(pod.kind())
                .setApiPort(apiPort)
                .setSftpPort(openSftp().map(Sftp::port).orElse(0))
                .addMechanisms(AgentInfo.Mechanism.newBuilder()
                        .setName("tcp")
                        .setProduct(PRODUCT)
                        .setVersion(version))
                .putAllEnvironment(workload.environment())
                .putContainers(workload.name(), container.build())
                .build();
    }

    /** Adds where the files are, for clients that bring no token. */
    void tellFiles(ReviewInterceptRequest.Builder review) {
        openSftp()
                .ifPresent(files -> review.setSftpPort(files.port())
                        .setMountPoint(MOUNT_POINT)
                        .putAllMounts(mounts())
                        .putAllEnvironment(mountVariables()));
    }

    private Optional<Sftp> openSftp() {
        return share.flatMap(Share::sftp).filter(Sftp::open);
    }

    private Map<String, Integer> mounts() {
        Map<String, Integer> policies = new TreeMap<>();
        share.map(Share::lending).ifPresent(lending -> {
            lending.local().forEach(path -> policies.put(path, LOCAL));
            lending.paths().forEach(path -> policies.put(path, REMOTE_READ_ONLY));
            lending.writable().forEach(path -> policies.put(path, REMOTE));
        });
        return policies;
    }

    /** What clients before 2.22, which know of no policies, look for in the environment. */
    private Map<String, String> mountVariables() {
        Map<String, String> variables = new TreeMap<>();
        share.map(Share::lending).ifPresent(lending -> {
            variables.put("TELEPRESENCE_MOUNTS", String.join(":", lending.paths()));
            variables.put("TELEPRESENCE_LOCAL_MOUNTS", String.join(":", lending.local()));
        });
        variables.values().removeIf(String::isEmpty);
        return variables;
    }

    Offering offering(String sessionId, InetAddress address) {
        var offering = Offering.newBuilder().setSessionId(sessionId).putAllEnvironment(workload.environment());
        workload.ports()
                .forEach(port -> offering.addPorts(Offering.Port.newBuilder()
                        .setName(port.name())
                        .setPort(port.port())
                        .setProtocol(port.protocol().name())));
        share.ifPresent(lent -> offering.setShare(Offering.Share.newBuilder()
                .setAddress(ByteString.copyFrom(address.getAddress()))
                .setPort(lent.port())
                .setSftpPort(lent.sftp().map(Sftp::port).orElse(0))
                .setToken(lent.token())
                .setLogToken(lent.logToken())
                .addAllPaths(lent.lending().paths())
                .addAllWritablePaths(lent.lending().writable())
                .addAllLocalPaths(lent.lending().local())));
        return offering.build();
    }
}
