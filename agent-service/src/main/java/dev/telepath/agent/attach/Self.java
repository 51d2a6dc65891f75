package dev.telepath.agent.attach;

import com.google.protobuf.ByteString;
import dev.telepath.agent.engage.Workload;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.v1.Offering;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

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
     * @param uid empty outside of Kubernetes
     * @param kind of the workload
     */
    public record Pod(String name, String uid, String kind) {}

    /**
     * Where files and logs are served.
     *
     * @param token secret
     * @param logToken secret, good for the log alone
     */
    public record Share(int port, String token, String logToken, List<String> paths) {
        /** Never the token. */
        @Override
        public String toString() {
            return "Share[" + port + " " + paths + "]";
        }
    }

    /** What the product is called to peers. */
    static final String PRODUCT = "telepath";

    AgentInfo info(InetAddress address) {
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
                .addMechanisms(AgentInfo.Mechanism.newBuilder()
                        .setName("tcp")
                        .setProduct(PRODUCT)
                        .setVersion(version))
                .putAllEnvironment(workload.environment())
                .putContainers(
                        workload.name(),
                        AgentInfo.ContainerInfo.newBuilder()
                                .putAllEnvironment(workload.environment())
                                .build())
                .build();
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
                .setToken(lent.token())
                .setLogToken(lent.logToken())
                .addAllPaths(lent.paths())));
        return offering.build();
    }
}
