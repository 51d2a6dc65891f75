package dev.telepath.client.dns;

/** Numbers of the record types that are named here. */
final class RecordType {
    static final int A = 1;
    static final int NS = 2;
    static final int CNAME = 5;
    static final int SOA = 6;
    static final int PTR = 12;
    static final int MX = 15;
    static final int TXT = 16;
    static final int SIG = 24;
    static final int AAAA = 28;
    static final int SRV = 33;
    static final int OPT = 41;
    static final int SVCB = 64;
    static final int HTTPS = 65;
    static final int TKEY = 249;
    static final int TSIG = 250;
    static final int ANY = 255;

    private RecordType() {}
}
