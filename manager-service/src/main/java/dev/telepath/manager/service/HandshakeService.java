package dev.telepath.manager.service;

import dev.telepath.manager.settings.ManagerSettings;
import dev.telepath.protocol.v1.MutinyHandshakeGrpc;
import dev.telepath.protocol.v1.PeerInfo;
import dev.telepath.tunnel.capability.Capability;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.util.EnumSet;
import java.util.Set;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Says what this manager can do. */
@GrpcService
public final class HandshakeService extends MutinyHandshakeGrpc.HandshakeImplBase {
    private final PeerInfo own;

    @Inject
    HandshakeService(@ConfigProperty(name = "quarkus.application.version") String version, ManagerSettings settings) {
        Set<Capability> can = EnumSet.allOf(Capability.class);
        if (!settings.streams().direct()) {
            can.remove(Capability.DIRECT_LINKS);
        }
        this.own = PeerInfo.newBuilder()
                .setRole("manager")
                .setProduct("telepath")
                .setVersion(version)
                .addAllCapabilities(can.stream().map(Capability::label).toList())
                .build();
    }

    @Override
    public Uni<PeerInfo> exchange(PeerInfo peer) {
        return Uni.createFrom().item(own);
    }
}
