package dev.telepath.tunnel.resume;

import com.google.protobuf.ByteString;
import dev.telepath.protocol.v1.StreamFrame;

/** The frames that more than one place sends. */
public final class Frames {
    private Frames() {}

    public static StreamFrame gone(ResetCode code) {
        return StreamFrame.newBuilder()
                .setGone(StreamFrame.Gone.newBuilder().setCode(code.number()))
                .build();
    }

    public static StreamFrame reset(ResetCode code) {
        return StreamFrame.newBuilder()
                .setReset(StreamFrame.Reset.newBuilder().setCode(code.number()))
                .build();
    }

    public static StreamFrame refused(ResetCode code, String reason) {
        return StreamFrame.newBuilder()
                .setRefused(
                        StreamFrame.Refused.newBuilder().setCode(code.number()).setReason(reason))
                .build();
    }

    /**
     * @param keepsLink whether the link may serve another stream afterwards
     */
    public static StreamFrame accepted(long received, long limit, String session, boolean keepsLink) {
        return StreamFrame.newBuilder()
                .setAccepted(StreamFrame.Accepted.newBuilder()
                        .setReceived(received)
                        .setLimit(limit)
                        .setSessionId(session)
                        .setAcksWithData(true)
                        .setKeepsLink(keepsLink))
                .build();
    }

    public static StreamFrame datagram(ByteString bytes) {
        return StreamFrame.newBuilder()
                .setDatagram(StreamFrame.Datagram.newBuilder().setBytes(bytes))
                .build();
    }

    public static StreamFrame answer(long link, String session) {
        return StreamFrame.newBuilder()
                .setAnswer(StreamFrame.Answer.newBuilder().setLink(link).setSessionId(session))
                .build();
    }
}
