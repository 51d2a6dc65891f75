package dev.telepath.tunnel.frame;

/** Bytes from a peer that are no frame. The message says what is wrong and never repeats payload. */
public final class MalformedFrame extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    public MalformedFrame(String message) {
        super(message);
    }
}
