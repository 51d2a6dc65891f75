package dev.telepath.tunnel.carry;

import dev.telepath.protocol.v1.StreamFrame;
import dev.telepath.protocol.v1.StreamsGrpc;
import dev.telepath.tunnel.bridge.CallBridge;
import dev.telepath.tunnel.bridge.Credit;
import dev.telepath.tunnel.bridge.ViewMarshaller;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;

/** Starts links over one connection. */
@FunctionalInterface
public interface Carrier {
    /** Begins to send what the link has, and to give it what comes. Never fails: the link is told. */
    void carry(CarryLink link);

    /** Each link as a {@code Carry} call to a manager. */
    static Carrier over(Channel channel, Credit credit) {
        MethodDescriptor<StreamFrame, StreamFrame> carry =
                ViewMarshaller.in(StreamsGrpc.getCarryMethod(), StreamFrame.parser(), credit.blocks());
        return link ->
                CallBridge.callFlow(channel, carry, CallOptions.DEFAULT, credit, link.outgoing(), link.incoming());
    }
}
