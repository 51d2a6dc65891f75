package dev.telepath.manager.session;

import dev.telepath.manager.security.Principal;
import dev.telepath.manager.security.Role;
import dev.telepath.protocol.telepresence.manager.AgentInfo;
import dev.telepath.protocol.telepresence.manager.ClientInfo;

/** Peers for tests. */
public final class Arrived {
    public static final Principal BOB = new Principal("bob", Role.CLIENT, false);
    public static final Principal EVE = new Principal("eve", Role.CLIENT, false);
    public static final Principal AGENT = new Principal("*", Role.AGENT, false);

    private Arrived() {}

    public static ClientInfo client(String name) {
        return ClientInfo.newBuilder()
                .setName(name)
                .setInstallId("install")
                .setProduct("telepath")
                .setVersion("0.1.0")
                .build();
    }

    public static AgentInfo agent(String workload) {
        return AgentInfo.newBuilder()
                .setName(workload)
                .setNamespace("default")
                .setProduct("telepath")
                .setVersion("0.1.0")
                .setPodIp("127.0.0.9")
                .addMechanisms(AgentInfo.Mechanism.newBuilder()
                        .setName("tcp")
                        .setProduct("telepath")
                        .setVersion("0.1.0"))
                .build();
    }
}
