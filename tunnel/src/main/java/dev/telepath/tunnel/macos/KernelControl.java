package dev.telepath.tunnel.macos;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The structures of {@code sys/kern_control.h}, by which a socket is bound to a part of the kernel. Pure. */
final class KernelControl {
    static final String UTUN = "com.apple.net.utun_control";

    static final int PF_SYSTEM = 32;
    static final int SOCK_DGRAM = 2;
    static final int SYSPROTO_CONTROL = 2;
    /** ioctl that fills a {@code ctl_info}: read and write, 100 bytes, group N, number 3. */
    static final long CTLIOCGINFO = 0xC064_4E03L;
    /** Of getsockopt on a utun: the interface's name. */
    static final int UTUN_OPT_IFNAME = 2;

    private static final int AF_SYS_CONTROL = 2;
    private static final int MOST_NAME = 96;
    private static final int INFO = 4 + MOST_NAME;
    private static final int ADDRESS = 32;

    private KernelControl() {}

    /**
     * A {@code ctl_info} that asks for the number of a control.
     *
     * @param name at most 95 bytes of ASCII
     */
    static byte[] info(String name) {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        if (text.length >= MOST_NAME) {
            throw new IllegalArgumentException(name + " has more than " + (MOST_NAME - 1) + " bytes");
        }
        return buffer(INFO).putInt(0).put(text).array();
    }

    /** The control's number, which the kernel has put into a {@code ctl_info}. */
    static int id(byte[] info) {
        return ByteBuffer.wrap(info).order(ByteOrder.nativeOrder()).getInt(0);
    }

    /**
     * A {@code sockaddr_ctl}.
     *
     * @param unit the interface's number and 1; 0 = the first free one
     */
    static byte[] address(int id, int unit) {
        return buffer(ADDRESS)
                .put((byte) ADDRESS)
                .put((byte) PF_SYSTEM)
                .putShort((short) AF_SYS_CONTROL)
                .putInt(id)
                .putInt(unit)
                .array();
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
    }
}
