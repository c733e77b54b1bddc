# SPDX-License-Identifier: GPL-2.0-or-later
# Scriptable real-mode guest. Assemble: as --32; link: ld -m elf_i386
# -Ttext 0x7c00 --oformat binary. 4 KiB, goes at offset 0 of the boot disk.
    .code16
    .globl _start
_start:
    cli
    xor   %ax, %ax
    mov   %ax, %ds
    mov   %ax, %es
    mov   %ax, %ss
    mov   $0x7c00, %sp
    ljmp  $0, $init
init:
    sti
    mov   %dl, drive
    mov   $dap_load, %si          # sectors 1..7 -> 0x7e00, one request
    mov   $0x42, %ah
    int   $0x13
    jc    dead
    jmp   main
dead:
    mov   $'!', %al
    call  putc
    hlt
    jmp   dead
putc:                             # AL -> COM1, polled
    push  %dx
    push  %ax
    mov   $0x3fd, %dx
putc_wait:
    in    %dx, %al
    test  $0x20, %al
    jz    putc_wait
    pop   %ax
    mov   $0x3f8, %dx
    out   %al, %dx
    pop   %dx
    ret
getc:                             # COM1 -> AL, blocking
    mov   $0x3fd, %dx
getc_wait:
    in    %dx, %al
    test  $1, %al
    jz    getc_wait
    mov   $0x3f8, %dx
    in    %dx, %al
    ret
    .align 4
dap_load:
    .byte 16, 0
    .word 7, 0x7e00, 0
    .quad 1
dap_io:                           # 8 sectors at LBA 64, buffer 0x9000
    .byte 16, 0
    .word 8, 0x9000, 0
    .quad 64
drive:  .byte 0
busy:   .byte 0
vq_up:  .byte 0
nic_up: .byte 0
tx_slot:.byte 0
card:   .byte 0
    .org  510
    .word 0xaa55

main:
    mov   $'K', %al
    call  putc
loop:
    mov   $0x3fd, %dx
    in    %dx, %al
    test  $1, %al
    jnz   dispatch
    cmpb  $0, busy
    jne   loop
    hlt                           # woken by the BIOS timer, 18.2 Hz
    jmp   loop
dispatch:
    mov   $0x3f8, %dx
    in    %dx, %al
    mov   $table, %si
next:
    cmpb  $0, (%si)
    je    try_digit
    cmp   (%si), %al
    je    found
    add   $3, %si
    jmp   next
found:
    jmp   *1(%si)
try_digit:
    cmp   $'1', %al
    jb    unknown
    cmp   $'9', %al
    jbe   c_ap
unknown:
    mov   $'?', %al
    jmp   answer
ok: mov   $'.', %al
    jmp   answer
bad:
    mov   $'E', %al
answer:
    call  putc
    jmp   loop

    .macro cmd ch, to
    .byte \ch
    .word \to
    .endm
table:
    cmd 'r', c_read
    cmd 'w', c_write
    cmd 'n', c_next
    cmd 'p', c_prev
    cmd 'f', c_flush
    cmd 'd', c_dirty32
    cmd 'D', c_dirty4
    cmd 'c', c_cpuid
    cmd 'o', c_out
    cmd 's', c_busy
    cmd 'i', c_idle
    cmd 'h', c_halt
    cmd 'b', c_balloon
    cmd 'S', c_bstats
    cmd 'N', c_net
    cmd 'm', c_card
    cmd 'T', c_fast
    cmd 'e', c_pcieject
    cmd 'U', c_cpumodern
    cmd 'u', c_cpueject
    cmd 'x', c_poweroff
    cmd 'z', c_s3
    cmd 'P', c_panic
    cmd 't', c_triple
    cmd 'H', c_ticking
    .byte 0

c_read:
    mov   $0x4200, %ax
    jmp   disk
c_write:
    mov   $0x4300, %ax
disk:
    mov   $dap_io, %si
    mov   drive, %dl
    int   $0x13
    jc    bad
    jmp   ok
c_next:
    incb  drive
    jmp   ok
c_prev:
    decb  drive
    jmp   ok
c_flush:                          # IDE primary master, FLUSH CACHE
    mov   $0x1f6, %dx
    mov   $0xe0, %al
    out   %al, %dx
    mov   $0x1f7, %dx
    mov   $0xe7, %al
    out   %al, %dx
    mov   $0x8000, %cx
flush_wait:
    in    %dx, %al
    test  $0x80, %al
    loopnz flush_wait
    jmp   ok

unreal:                           # flat 4 GiB GS limit in real mode
    cli
    lgdt  gdtr
    mov   %cr0, %eax
    or    $1, %al
    mov   %eax, %cr0
    jmp   unreal_pm
unreal_pm:
    mov   $8, %cx
    mov   %cx, %gs
    and   $0xfe, %al
    mov   %eax, %cr0
    jmp   unreal_rm
unreal_rm:
    sti
    ret
c_dirty4:
    mov   $0x500000, %esi
    jmp   dirty
c_dirty32:
    mov   $0x2100000, %esi
dirty:
    call  unreal
    mov   $0x100000, %edi
dirty_page:
    incb  %gs:(%edi)
    add   $0x1000, %edi
    cmp   %esi, %edi
    jb    dirty_page
    jmp   ok
c_cpuid:
    mov   $1000, %di
cpuid_loop:
    xor   %eax, %eax
    cpuid
    dec   %di
    jnz   cpuid_loop
    jmp   ok
c_out:
    mov   $1000, %cx
out_loop:
    out   %al, $0x80
    loop  out_loop
    jmp   ok
c_busy:
    movb  $1, busy
    jmp   ok
c_idle:
    movb  $0, busy
    jmp   ok
c_halt:
    mov   $'.', %al
    call  putc
halt_loop:
    cli
    hlt
    jmp   halt_loop

pci_find:                         # CX device id, DX vendor id -> BX bus/devfn
    xor   %si, %si
pci_find_nth:                     # SI: how many to pass over
    mov   $0xb102, %ax
    int   $0x1a
    ret
pci_bar0:                         # BX bus/devfn -> BX I/O base
    mov   $0xb10a, %ax
    mov   $0x10, %di
    int   $0x1a
    jc    pci_ret
    and   $0xfffc, %cx
    mov   %cx, %bx
    clc
pci_ret:
    ret
balloon_find:
    mov   $0x1002, %cx
    mov   $0x1af4, %dx
    call  pci_find
    jc    pci_ret
    jmp   pci_bar0
c_balloon:                        # actual := num_pages (legacy config space)
    call  balloon_find
    jc    bad
    lea   0x14(%bx), %dx
    in    %dx, %eax
    add   $4, %dx
    out   %eax, %dx
    jmp   ok
c_bstats:                         # push the statistics buffer on queue 2
    call  balloon_find
    jc    bad
    mov   $0x2000, %ax
    mov   %ax, %fs                # ring page at 0x20000
    cmpb  $0, vq_up
    jne   bstats_again
    lea   18(%bx), %dx
    xor   %al, %al
    out   %al, %dx                # status: reset
    mov   $3, %al
    out   %al, %dx                # acknowledge + driver
    lea   4(%bx), %dx
    mov   $2, %eax
    out   %eax, %dx               # accept feature bit 1 (stats queue)
    lea   14(%bx), %dx
    mov   $2, %ax
    out   %ax, %dx                # select queue 2
    lea   8(%bx), %dx
    mov   $0x20, %eax
    out   %eax, %dx               # page frame number
    lea   18(%bx), %dx
    mov   $7, %al
    out   %al, %dx                # driver ok
    movl  $bstats, %fs:0          # descriptor 0
    movl  $0, %fs:4
    movl  $(bstats_end-bstats), %fs:8
    movl  $0, %fs:12
    movb  $1, vq_up
    jmp   bstats_push
bstats_again:                     # the last value is 0 from now on
    movl  $0, bstats_end-8
    movl  $0, bstats_end-4
bstats_push:
    lea   14(%bx), %dx
    mov   $2, %ax
    out   %ax, %dx
    lea   12(%bx), %dx
    in    %dx, %ax                # queue size
    shl   $4, %ax
    mov   %ax, %di                # available ring follows the descriptors
    incw  %fs:2(%di)
    lea   16(%bx), %dx
    mov   $2, %ax
    out   %ax, %dx                # notify queue 2
    jmp   ok

c_net:                            # rtl8139: send one 64 byte frame
    mov   $0x8139, %cx
    mov   $0x10ec, %dx
    movzbw card, %si
    call  pci_find_nth
    jc    bad
    push  %bx
    mov   $0xb10c, %ax            # command := io + memory + bus master
    mov   $4, %di
    mov   $7, %cx
    int   $0x1a
    pop   %bx
    call  pci_bar0
    jc    bad
    cmpb  $0, nic_up
    jne   net_tx
    lea   0x30(%bx), %dx
    mov   $0x40000, %eax
    out   %eax, %dx               # receive buffer
    lea   0x37(%bx), %dx
    mov   $0x0c, %al
    out   %al, %dx                # receiver + transmitter on
    lea   0x44(%bx), %dx
    mov   $0xf08f, %eax
    out   %eax, %dx               # accept everything, wrap
    movb  $1, nic_up
net_tx:
    movzbw tx_slot, %si
    incb  tx_slot
    and   $3, %si
    shl   $2, %si
    lea   0x20(%bx,%si), %dx
    mov   $frame, %eax
    out   %eax, %dx
    lea   0x10(%bx,%si), %dx
    mov   $64, %eax
    out   %eax, %dx
    lea   0x3a(%bx), %dx          # drop what was received
    in    %dx, %ax
    sub   $16, %ax
    lea   0x38(%bx), %dx
    out   %ax, %dx
    jmp   ok

c_card:                           # N is for the next card from now on
    incb  card
    movb  $0, nic_up
    movb  $0, tx_slot
    jmp   ok
c_fast:                           # timer interrupts each 200 us, so that KVM polls
    mov   $0x34, %al
    out   %al, $0x43
    mov   $239, %al
    out   %al, $0x40
    xor   %al, %al
    out   %al, $0x40
    jmp   ok

c_pcieject:                       # operand: slot number + '@'
    call  getc
    sub   $'@', %al
    mov   %al, %cl
    mov   $1, %ebx
    shl   %cl, %ebx
    mov   $0xae10, %dx
    xor   %eax, %eax
    out   %eax, %dx
    mov   $0xae08, %dx
    mov   %ebx, %eax
    out   %eax, %dx
    jmp   ok
c_cpumodern:
    mov   $0xaf00, %dx
    xor   %eax, %eax
    out   %eax, %dx
    jmp   ok
c_cpueject:                       # operand: vcpu number + '@'
    call  getc
    sub   $'@', %al
    movzbl %al, %eax
    mov   $0xaf00, %dx
    out   %eax, %dx
    mov   $0xaf04, %dx
    mov   $8, %al
    out   %al, %dx
    jmp   ok
c_poweroff:                       # answers first: afterwards nobody can
    mov   $0x2000, %cx
    jmp   pm1a
c_s3:
    mov   $0x2400, %cx
pm1a:
    mov   $'.', %al
    call  putc
    mov   $0x604, %dx
    mov   %cx, %ax
    out   %ax, %dx
    jmp   loop
c_panic:                          # isa pvpanic device
    mov   $'.', %al
    call  putc
    mov   $0x505, %dx
    mov   $1, %al
    out   %al, %dx
    jmp   loop
c_triple:
    lidt  null_idt
    int3
    jmp   bad
c_ap:                             # digit n: start the cpu with APIC id n
    sub   $'0', %al
    movzbl %al, %ebp
    shl   $24, %ebp
    mov   $0x1f00, %ax
    mov   %ax, %fs
    movl  $0xfceb90f3, %fs:0      # pause; jmp back
ap_start:
    call  unreal
    mov   $0xfee00300, %edi
    mov   %ebp, %gs:0x10(%edi)
    movl  $0x4500, %gs:(%edi)     # INIT
    call  delay
    mov   %ebp, %gs:0x10(%edi)
    movl  $0x461f, %gs:(%edi)     # STARTUP, page 0x1f
    call  delay
    jmp   ok
c_ticking:                        # operand: digit; that cpu halts, woken by its own timer
    call  getc
    sub   $'0', %al
    movzbl %al, %ebp
    shl   $24, %ebp
    mov   $0x1f00, %ax
    mov   %ax, %fs
    movb  $0xea, %fs:0            # far jump to ticking
    movw  $ticking, %fs:1
    movw  $0, %fs:3
    movl  $tick, 0x60*4           # its interrupt
    jmp   ap_start
ticking:
    xor   %ax, %ax
    mov   %ax, %ds
    mov   %ax, %ss
    mov   $0x7000, %sp
    call  unreal
    mov   $0xfee00000, %edi
    movl  $0x1ff, %gs:0xf0(%edi)  # local APIC on
    movl  $0xb, %gs:0x3e0(%edi)   # timer: divide by 1
    movl  $0x20060, %gs:0x320(%edi) # periodic, vector 0x60
    movl  $200000, %gs:0x380(%edi) # each 200 us
tick_wait:
    sti
    hlt
    jmp   tick_wait
tick:
    movl  $0, %gs:0xb0(%edi)      # end of interrupt
    iret
delay:
    mov   $0x4000, %cx
delay_loop:
    out   %al, $0x80
    loop  delay_loop
    ret

    .align 8
gdt:
    .quad 0
    .quad 0x00cf92000000ffff
gdtr:
    .word 15
    .long gdt
null_idt:
    .word 0
    .long 0
frame:                            # broadcast, local experimental ethertype
    .byte 0xff,0xff,0xff,0xff,0xff,0xff, 0x52,0x54,0,0,0,3, 0x88,0xb5
    .fill 50, 1, 0x5a
bstats:                           # u16 tag, u64 value
    .word 0; .quad 5120000012287
    .word 1; .quad 5120000023551
    .word 2; .quad 5000003000
    .word 3; .quad 5000004000
    .word 4; .quad 5120000057343
    .word 5; .quad 5120000068607
    .word 6; .quad 5120000079871
    .word 7; .quad 5120000091135
    .word 8; .quad 5000000009
    .word 9; .quad 5000000010
bstats_end:
    .org  4096
