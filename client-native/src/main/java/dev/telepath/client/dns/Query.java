package dev.telepath.client.dns;

/** A query. */
record Query() {
    static int mostOfUdp(byte[] query) {
        return 512;
    }
}
