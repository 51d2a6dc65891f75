package dev.telepath.agent.engage;

import com.google.protobuf.Timestamp;
import dev.telepath.agent.settings.GuardedPort;
import dev.telepath.protocol.telepresence.manager.InterceptDispositionType;
import dev.telepath.protocol.telepresence.manager.InterceptInfo;
import dev.telepath.protocol.telepresence.manager.InterceptSpec;
import dev.telepath.protocol.telepresence.manager.SessionInfo;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Intercepts for tests. */
final class Specs {
    static final Workload WEB = new Workload(
            "web",
            "default",
            List.of(GuardedPort.parse("8080=a:1:http"), GuardedPort.parse("9000=a:2/udp:dns")),
            Map.of("KEY", "value"));

    private Specs() {}

    static InterceptInfo intercept(
            String id, InterceptDispositionType disposition, Consumer<InterceptSpec.Builder> more) {
        var spec = InterceptSpec.newBuilder()
                .setName(id)
                .setAgent("web")
                .setNamespace("default")
                .setClient("user-" + id)
                .setMechanism("tcp")
                .setTargetHost("127.0.0.1")
                .setTargetPort(5000)
                .setPortIdentifier("http");
        more.accept(spec);
        return InterceptInfo.newBuilder()
                .setId(id)
                .setDisposition(disposition)
                .setSpec(spec)
                .setClientSession(SessionInfo.newBuilder().setSessionId("session-" + id))
                .build();
    }

    static InterceptInfo at(InterceptInfo info, long seconds) {
        return info.toBuilder()
                .setModifiedAt(Timestamp.newBuilder().setSeconds(seconds))
                .build();
    }
}
