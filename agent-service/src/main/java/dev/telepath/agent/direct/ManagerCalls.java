package dev.telepath.agent.direct;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.AgentListener;
import io.smallrye.mutiny.Uni;

/** What a manager does for it, in this agent's session. Any thread; the answers come on the thread that gRPC likes. */
public interface ManagerCalls {
    /**
     * A certificate, X.509 in DER, for that key.
     *
     * @param publicKey SubjectPublicKeyInfo in DER
     */
    Uni<ByteString> certify(ByteString publicKey);

    /**
     * Tells where the agent listens.
     *
     * @param where all but the session
     */
    Uni<Void> listen(AgentListener where);
}
