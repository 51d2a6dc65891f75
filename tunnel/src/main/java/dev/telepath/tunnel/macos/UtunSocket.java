package dev.telepath.tunnel.macos;

import java.io.IOException;

/**
 * The socket that a utun interface of macOS is: it is there as long as a process has the socket open. Each packet has four bytes of its address
 * family in front. Only root makes one, and whoever is handed the descriptor may use it.
 *
 * @param descriptor the holder's to close
 * @param name of the interface, which the system has chosen
 */
public record UtunSocket(int descriptor, String name) {
    /** Makes an interface. */
    public static UtunSocket open(MacLibrary library) throws IOException {
        int socket = library.socket(KernelControl.PF_SYSTEM, KernelControl.SOCK_DGRAM, KernelControl.SYSPROTO_CONTROL);
        try {
            byte[] info = KernelControl.info(KernelControl.UTUN);
            library.ioctl(socket, KernelControl.CTLIOCGINFO, info);
            library.connect(socket, KernelControl.address(KernelControl.id(info), 0));
            return of(library, socket);
        } catch (IOException e) {
            library.close(socket);
            throw e;
        }
    }

    /** The interface of a descriptor that another process has made. */
    public static UtunSocket of(MacLibrary library, int descriptor) throws IOException {
        return new UtunSocket(
                descriptor,
                library.textOption(descriptor, KernelControl.SYSPROTO_CONTROL, KernelControl.UTUN_OPT_IFNAME));
    }
}
