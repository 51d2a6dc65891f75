package dev.telepath.dns;

/** Numbers of the record types that are named here. */
public final class RecordType {
    public static final int A = 1;
    public static final int NS = 2;
    public static final int CNAME = 5;
    public static final int SOA = 6;
    public static final int PTR = 12;
    public static final int MX = 15;
    public static final int TXT = 16;
    public static final int RP = 17;
    public static final int AFSDB = 18;
    public static final int SIG = 24;
    public static final int AAAA = 28;
    public static final int SRV = 33;
    public static final int DNAME = 39;
    public static final int OPT = 41;
    public static final int SVCB = 64;
    public static final int HTTPS = 65;
    public static final int TKEY = 249;
    public static final int TSIG = 250;
    public static final int ANY = 255;

    private RecordType() {}
}
