; What Grapnel itself has entered in the registry, for this user: it is removed with the program, and kept by an update.
; The installer removes the scheme's keys.
!macro NSIS_HOOK_POSTUNINSTALL
  ${If} $UpdateMode <> 1
    DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Run" "dev.grapnel.desktop"
    DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run" "dev.grapnel.desktop"
    DeleteRegKey HKCU "Software\Classes\AppUserModelId\dev.grapnel.desktop"
  ${EndIf}
!macroend
