package dev.telepath.agent.direct;

import dev.telepath.protocol.v1.LivenessGrpc;
import dev.telepath.protocol.v1.Pulse;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.liveness.HeartbeatAnswer;
import dev.telepath.tunnel.reconnect.Loop;
import io.grpc.stub.StreamObserver;
import io.netty.channel.EventLoop;
import java.time.Duration;

/** Answers the pulses of clients through the loop that carries their bytes. */
final class ClientPulses extends LivenessGrpc.LivenessImplBase {
    private final EventLoop loop;
    private final Duration limit;

    ClientPulses(EventLoop loop, Duration limit) {
        this.loop = loop;
        this.limit = limit;
    }

    @Override
    public StreamObserver<Pulse> beat(StreamObserver<Pulse> response) {
        // Who falls silent is found by the transport's own keep-alive, which ends all calls of the connection.
        var answer = new HeartbeatAnswer(Loop.of(loop), limit, pulse -> {}, () -> {});
        return CallBridge.serve(response, loop, new Credit(Credit.FRAME, 0), answer::answer);
    }
}
