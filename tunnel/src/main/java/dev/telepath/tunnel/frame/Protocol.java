package dev.telepath.tunnel.frame;

/** The transport protocol of a stream, by its IANA protocol number. */
public enum Protocol {
    TCP(6),
    UDP(17);

    private final int number;

    Protocol(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    /**
     * @throws MalformedFrame when the number is neither TCP's nor UDP's
     */
    public static Protocol of(int number) {
        return switch (number) {
            case 6 -> TCP;
            case 17 -> UDP;
            default -> throw new MalformedFrame("protocol number " + number + " is neither TCP (6) nor UDP (17)");
        };
    }
}
