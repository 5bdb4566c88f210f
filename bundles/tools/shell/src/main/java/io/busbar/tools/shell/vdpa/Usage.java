package io.busbar.tools.shell.vdpa;

/** The usage texts of the tool, and ours. */
final class Usage {

    static final String VERSION = "vdpa utility, iproute2-6.15.0\n";

    static final String VDPA = """
            Usage: vdpa [ OPTIONS ] OBJECT { COMMAND | help }
            where  OBJECT := { mgmtdev | dev }
                   OPTIONS := { -V[ersion] | -n[o-nice-names] | -j[son] | -p[retty] }
            """;

    static final String MGMTDEV = "Usage: vdpa mgmtdev show [ DEV ]\n";

    static final String DEV = """
            Usage: vdpa dev show [ DEV ]
                   vdpa dev add name NAME mgmtdev MANAGEMENTDEV [ device_features DEVICE_FEATURES]
                                                                [ mac MACADDR ] [ mtu MTU ]
                                                                [ max_vqp MAX_VQ_PAIRS ]
                   vdpa dev del DEV
            Usage: vdpa dev config COMMAND [ OPTIONS ]
            Usage: vdpa dev vstats COMMAND
            """;

    static final String CONFIG = "Usage: vdpa dev config show [ DEV ]\n";

    static final String VSTATS = "Usage: vdpa dev vstats show DEV [qidx QUEUE_INDEX]\n";

    /** What our help command prints: the tool's texts, and what is beyond them. */
    static final String ALL = VDPA + MGMTDEV + DEV + CONFIG + VSTATS + """

            Beyond the tool:
              vdpa dev add … [ WORD VALUE ]… backend NAME [ WORD VALUE ]… [ driver_override BUSDRIVER ] [ bus BUS ] [ --volatile ]
                    the management device's words, then the backend's; --volatile: it does not come back at the next start
              vdpa dev show [ DEV ] -d | --detail
                    state, reason, status, bus driver, endpoint and what the device says of itself
              vdpa dev config show [ DEV ]
                    the configuration of block devices too
              vdpa dev vstats show DEV
                    the counters of all queues, in use or not
            """;

    private Usage() {
    }
}
