package dev.telepath.client.gateway;

import dev.telepath.client.network.InterfaceAddress;
import dev.telepath.client.network.IpNetwork;
import java.net.InetAddress;

/**
 * The addresses of a device, all out of one network of either family: {@code .0.1} is the device's own, {@code .0.2} its name
 * server, {@code .0.3} the machine that it is on; from {@code .1.0} on stand-ins, and the upper half is an
 * agent's loopback.
 *
 * @param ipv4 of prefix 16
 * @param ipv6 of prefix 64
 */
public record DeviceAddresses(IpNetwork ipv4, IpNetwork ipv6) {
    private static final int DEVICE = 1;
    private static final int DNS = 2;
    private static final int HOST = 3;
    private static final int STAND_INS = 0x100;
    public static final int PREFIX = 16;
    public static final int PREFIX_V6 = 64;

    /**
     * @throws IllegalArgumentException when one is not of its family and size
     */
    public DeviceAddresses {
        if (!ipv4.isIpv4() || ipv4.prefix() != PREFIX || ipv6.isIpv4() || ipv6.prefix() != PREFIX_V6) {
            throw new IllegalArgumentException(
                    ipv4 + " and " + ipv6 + " are not networks of prefix " + PREFIX + " and " + PREFIX_V6);
        }
    }

    /** The device's own address. */
    public InetAddress device() {
        return ipv4.at(DEVICE);
    }

    /** The device's own address. */
    public InetAddress device6() {
        return ipv6.at(DEVICE);
    }

    /** As the interface has it. */
    public InterfaceAddress interface4() {
        return new InterfaceAddress(device(), PREFIX);
    }

    /** As the interface has it. */
    public InterfaceAddress interface6() {
        return new InterfaceAddress(device6(), PREFIX_V6);
    }

    /** Where DNS questions are answered. */
    public InetAddress dns() {
        return ipv4.at(DNS);
    }

    /** Where the machine's own loopback is found from within a network namespace. */
    public InetAddress host() {
        return ipv4.at(HOST);
    }

    /** The first of the addresses that stand in for programs. */
    public InetAddress standIns() {
        return ipv4.at(STAND_INS);
    }

    /** The first of the addresses that stand in for programs. */
    public InetAddress standIns6() {
        return ipv6.at(STAND_INS);
    }

    /** What an agent's loopback is shown as: {@code 127.0.0.1} is the second of these. */
    public IpNetwork farLoopback() {
        return ipv4.part(1, PREFIX + 1);
    }

    boolean contains(InetAddress address) {
        return ipv4.contains(address) || ipv6.contains(address);
    }
}
